namespace Mesh.Servers;

/// <summary>How a server is started and asked to stop.</summary>
public sealed record ServerCommand(string FileName, IReadOnlyList<string> Arguments)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string? WorkingFolder { get; init; }

    /// <summary>The signal that asks for an orderly end.</summary>
    public int StopSignal { get; init; } = LinuxProcess.Terminate;
}
