using System.Text.Json;

namespace Mesh.Cli.Session;

/// <summary>Where `mesh login` keeps the address and the token: a file that only its owner can read.</summary>
public sealed record Profile(string Address, string Token, string Tenant)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static string File => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
        "mesh", "profile.json");

    /// <summary>The profile; null before the first login.</summary>
    public static Profile? Load()
    {
        try
        {
            return JsonSerializer.Deserialize<Profile>(System.IO.File.ReadAllText(File), s_json);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            throw new CliException($"{File} is damaged. Run `mesh login` again.");
        }
    }

    /// <summary>Keeps the profile; its token is never readable for others, not even for a moment.</summary>
    public string Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        var fresh = File + ".new";
        using (var stream = new FileStream(fresh, options)) JsonSerializer.Serialize(stream, this, s_json);
        System.IO.File.Move(fresh, File, overwrite: true);
        return File;
    }
}
