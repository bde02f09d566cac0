using System.Diagnostics;
using System.Formats.Tar;

namespace Mesh.Agent.Tests.Testing;

/// <summary>A small root file system of the host's own programs and the libraries they need.</summary>
internal static class HostImage
{
    private static readonly string[] Programs =
        ["/bin/sh", "/bin/sleep", "/bin/cat", "/bin/ls", "/usr/bin/id", "/usr/bin/env", "/usr/bin/head", "/usr/bin/tail", "/usr/bin/seq", "/usr/bin/perl"];

    private static readonly Lazy<byte[]> Archive = new(Build);

    public static byte[] Layer => Archive.Value;

    private static byte[] Build()
    {
        using var folder = new TemporaryFolder();
        foreach (var program in Programs) Copy(program, folder[program.TrimStart('/')]);
        foreach (var library in Programs.SelectMany(Libraries).Distinct()) Copy(library, folder[library.TrimStart('/')]);
        CopyFolder(PerlLibrary(), folder.Path);
        Directory.CreateDirectory(folder["etc"]);
        File.WriteAllText(folder["etc/passwd"], "root:x:0:0:root:/root:/bin/sh\napp:x:1234:1235:app:/home/app:/bin/sh\n");
        File.WriteAllText(folder["etc/group"], "root:x:0:\napp:x:1235:\nextra:x:77:app\n");
        using var content = new MemoryStream();
        TarFile.CreateFromDirectory(folder.Path, content, includeBaseDirectory: false);
        return content.ToArray();
    }

    private static string PerlLibrary() => Directory.GetDirectories("/usr/lib", "perl-base", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }).Single();

    private static IEnumerable<string> Libraries(string program)
    {
        using var ldd = Process.Start(new ProcessStartInfo("ldd", [program]) { RedirectStandardOutput = true })!;
        return [.. ldd.StandardOutput.ReadToEnd().Split('\n').SelectMany(line => line.Split(' ', '\t')).Where(word => word.StartsWith('/'))];
    }

    private static void CopyFolder(string source, string root)
    {
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories)) Copy(file, Path.Combine(root, file.TrimStart('/')));
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(source, target, overwrite: true);
    }
}
