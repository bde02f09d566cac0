using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>Held by the one process that supervises a stack; the system releases it when that process is gone.</summary>
internal sealed class SupervisorLock : IDisposable
{
    private readonly FileStream file;

    private SupervisorLock(FileStream file) => this.file = file;

    /// <summary>Takes the lock; null when another process holds it.</summary>
    public static SupervisorLock? TryTake(StackFolder folder)
    {
        try
        {
            return new(new FileStream(folder.In("supervisor.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The record of the process that supervises the stack now; null when none does.</summary>
    public static PidRecord? Holder(StackFolder folder) =>
        StackFolder.Read<PidRecord>(folder.In("supervisor.json")) is { IsAlive: true } record ? record : null;

    /// <summary>Says who holds the lock.</summary>
    public static void WriteHolder(StackFolder folder) =>
        PidRecord.Of("supervisor", Environment.ProcessId, LinuxProcess.Terminate)?.Write(folder.Path);

    public void Dispose() => file.Dispose();
}
