using System.Diagnostics;

namespace Mesh.Registry.Tests.Servers;

/// <summary>Foreign programs, run to their end.</summary>
internal static class Shell
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Runs a program that must succeed and gives its output.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (code, output, errors) = await TryAsync(program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}:\n{output}{errors}");
        return output;
    }

    /// <summary>Runs a program and gives its exit code, its output and its complaints.</summary>
    public static async Task<(int Code, string Output, string Errors)> TryAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end.");
        }
    }
}
