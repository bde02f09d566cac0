using System.Diagnostics;
using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>What a command line program printed and how it ended.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    // Into files: whatever the program wrote is there when it has ended. A pipe would be read until the servers end that it leaves behind.
    private const string IntoFiles = "output=$1 errors=$2; shift 2; exec \"$@\" >\"$output\" 2>\"$errors\"";

    /// <summary>Runs a program to its end.</summary>
    public static async Task<CommandResult> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        using var kept = new TestFolder();
        var (output, errors) = (Path.Combine(kept.Path, "output"), Path.Combine(kept.Path, "errors"));
        var start = new ProcessStartInfo("/bin/sh", ["-c", IntoFiles, "sh", output, errors, program, .. arguments])
        {
            RedirectStandardInput = true, WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        await process.WaitForExitAsync(patience.Token);
        return new(process.ExitCode, await File.ReadAllTextAsync(output, patience.Token), await File.ReadAllTextAsync(errors, patience.Token));
    }

    /// <summary>The same result, which must be a success.</summary>
    public CommandResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Output}\n{Errors}");
        return this;
    }
}
