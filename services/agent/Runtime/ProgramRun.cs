using System.Diagnostics;

namespace Mesh.Agent.Runtime;

/// <summary>Runs a program of the host to its end; its output is read and dropped.</summary>
internal static class ProgramRun
{
    public static async Task<int> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellation,
        string? workingDirectory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new RuntimeException($"{program} was not started.");
        process.StandardInput.Close();
        try
        {
            await Task.WhenAll(
                process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancellation),
                process.StandardError.BaseStream.CopyToAsync(Stream.Null, cancellation),
                process.WaitForExitAsync(cancellation));
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
