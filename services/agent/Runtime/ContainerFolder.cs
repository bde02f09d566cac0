namespace Mesh.Agent.Runtime;

/// <summary>Where the files of one allocation lie. The folder is its OCI bundle too.</summary>
public sealed class ContainerFolder(string path)
{
    public string Path { get; } = path;

    public string Record => File("allocation.json");
    public string OciConfig => File("config.json");
    public string ShimSpec => File("shim.json");
    public string ShimLock => File("shim.lock");
    public string ShimLog => File("shim.log");
    public string PidFile => File("pid");
    public string Started => File("started.json");
    public string Exit => File("exit.json");
    public string EndAsked => File("end.asked");
    public string RuntimeLog => File("runtime.log");
    public string Resolv => File("resolv.conf");
    public string Hosts => File("hosts");
    public string Rootfs => File("rootfs");
    public string Upper => File("upper");
    public string Work => File("work");
    public string Logs => File("logs");
    public string LogPosition => File("logs.position.json");

    /// <summary>Creates what a start needs. Everything is closed to other users: the configuration holds secrets.</summary>
    public void Create()
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(Path, owner);
        Directory.CreateDirectory(Logs, owner);
    }

    /// <summary>Removes what one run left, so that the next begins with the image as it was; keeps record and logs.</summary>
    public void Reset()
    {
        foreach (var file in (string[])[PidFile, Started, Exit, EndAsked, RuntimeLog, ShimSpec, OciConfig]) System.IO.File.Delete(file);
        foreach (var folder in (string[])[Rootfs, Upper, Work]) Delete(folder);
    }

    public void Delete() => Delete(Path);

    private string File(string name) => System.IO.Path.Combine(Path, name);

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
