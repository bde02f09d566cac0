using System.Security.Cryptography;
using System.Text.Json;
using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>
/// The state folder of one local stack: <c>$MESH_HOME</c>, or <c>.mesh</c> in the checkout. Everything that the stack knows lies in it,
/// so that deleting it (while the stack is down) forgets the stack.
/// </summary>
internal sealed class StackFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string EndpointsFile => In("endpoints.json");

    public string StatusFile => In("status.json");

    public string SupervisorLog => LogFile("supervisor");

    public string PidFolder => In("pids");

    /// <summary>The folder that the environment names.</summary>
    public static StackFolder FromEnvironment() =>
        new(Environment.GetEnvironmentVariable("MESH_HOME") is { Length: > 0 } home ? home : System.IO.Path.Combine(Repository.Root, ".mesh"));

    /// <summary>The path of a file or folder in it.</summary>
    public string In(string name) => System.IO.Path.Combine(Path, name);

    public string LogFile(string program) => System.IO.Path.Combine(Path, "logs", program + ".log");

    public void Create()
    {
        Directory.CreateDirectory(Path);
        Directory.CreateDirectory(In("logs"));
        Directory.CreateDirectory(PidFolder);
    }

    /// <summary>The token of the first operator.</summary>
    public string OperatorToken() => Secret("token", () => "mesh_" + Random(32));

    /// <summary>The key that all programs of the stack share, in base64.</summary>
    public string ClusterKey() => Secret("cluster.key", () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    public string PostgresPassword() => Secret("postgres.password", () => Random(24));

    /// <summary>Reads a JSON file of the folder; null where there is none or it is cut short.</summary>
    public static T? Read<T>(string file)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(file), Indented);
        }
        catch (Exception unreadable) when (unreadable is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a JSON file of the folder, readable by its owner only; a reader sees the old content or the new.</summary>
    public static void Write<T>(string file, T value) => WriteText(file, JsonSerializer.Serialize(value, Indented) + "\n");

    // 32 bytes are 43 characters.
    private static string Random(int bytes) =>
        Convert.ToBase64String(RandomNumberGenerator.GetBytes(bytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static void WriteText(string file, string text)
    {
        var fresh = file + ".new";
        File.Delete(fresh);
        using (var stream = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        using (var writer = new StreamWriter(stream))
            writer.Write(text);
        File.Move(fresh, file, overwrite: true);
    }

    private string Secret(string name, Func<string> make)
    {
        var file = In(name);
        if (!File.Exists(file))
            WriteText(file, make() + "\n");
        return File.ReadAllText(file).Trim();
    }
}
