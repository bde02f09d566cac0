using System.ComponentModel;
using System.Diagnostics;

namespace Mesh.Builder.Isolation;

/// <summary>How a program is started.</summary>
public sealed record ChildOptions
{
    public string? Folder { get; init; }

    /// <summary>The whole environment; null: the builder's own without its secrets.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
}

/// <summary>Runs a program to its end and gives its lines, those of both outputs, as they come.</summary>
public static class ChildProcess
{
    private const int MaxLine = 8192;

    /// <summary>The exit code. When cancelled, the program and its children are killed first.</summary>
    public static async Task<int> RunAsync(
        string program, IEnumerable<string> arguments, ChildOptions options, Func<string, ValueTask> line, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo(program, arguments, options) };
        try
        {
            process.Start();
        }
        catch (Win32Exception error)
        {
            throw new IOException($"{program} cannot be started: {error.Message}", error);
        }
        process.StandardInput.Close();
        try
        {
            using var both = new SemaphoreSlim(1);
            await Task.WhenAll(
                ReadAsync(process.StandardOutput, both, line, cancellationToken),
                ReadAsync(process.StandardError, both, line, cancellationToken),
                process.WaitForExitAsync(cancellationToken));
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>The builder's environment without what is the platform's own.</summary>
    public static Dictionary<string, string> OwnEnvironment() => Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
        .Select(entry => ((string)entry.Key, (string?)entry.Value ?? ""))
        .Where(entry => !entry.Item1.StartsWith("MESH_", StringComparison.Ordinal))
        .ToDictionary(entry => entry.Item1, entry => entry.Item2);

    private static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments, ChildOptions options)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.Folder ?? "/",
        };
        info.Environment.Clear();
        foreach (var (name, value) in options.Environment ?? OwnEnvironment())
            info.Environment[name] = value;
        return info;
    }

    // A line that never ends is cut: nothing that a build prints may fill our memory.
    private static async Task ReadAsync(StreamReader output, SemaphoreSlim one, Func<string, ValueTask> line, CancellationToken cancellationToken)
    {
        var buffer = new char[MaxLine];
        var kept = 0;
        for (int count; (count = await output.ReadAsync(buffer.AsMemory(kept), cancellationToken)) > 0;)
        {
            var end = kept + count;
            var start = 0;
            await one.WaitAsync(cancellationToken);
            try
            {
                for (int found; (found = Array.IndexOf(buffer, '\n', start, end - start)) >= 0; start = found + 1)
                    await line(new string(buffer, start, found - start).TrimEnd('\r'));
                if (start == 0 && end == buffer.Length)
                {
                    await line(new string(buffer));
                    start = end;
                }
            }
            finally
            {
                one.Release();
            }
            kept = end - start;
            Array.Copy(buffer, start, buffer, 0, kept);
        }
        if (kept > 0)
            await line(new string(buffer, 0, kept));
    }
}
