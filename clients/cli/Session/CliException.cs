namespace Mesh.Cli.Session;

/// <summary>An error that the command itself finds: one line for the person, and the exit code.</summary>
public sealed class CliException(string message, int exitCode = ExitCodes.Failure) : Exception(message)
{
    public int ExitCode => exitCode;
}
