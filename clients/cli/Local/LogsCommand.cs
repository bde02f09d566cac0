namespace Mesh.Cli.Local;

/// <summary><c>mesh local logs</c>.</summary>
internal static class LogsCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    public static async Task<int> RunAsync(string? program, int lines, bool follow)
    {
        var folder = StackFolder.FromEnvironment();
        var names = Names(folder);
        if (program is not null && !names.Contains(program))
            throw new StackException($"there is no log of {program}; there are: {string.Join(", ", names)}");

        var logs = names.Where(name => program is null || name == program)
            .Select(name => new LogTail(folder.LogFile(name), program is null ? $"{name,-12}" : ""))
            .ToList();
        foreach (var log in logs)
            log.WriteLast(lines, Console.Out);
        using var signals = new StopSignals();
        while (follow && !signals.Token.IsCancellationRequested)
        {
            logs.ForEach(log => log.WriteNew(Console.Out));
            await Task.WhenAny(Task.Delay(Interval, signals.Token));
        }

        return 0;
    }

    private static List<string> Names(StackFolder folder) =>
        Directory.Exists(folder.In("logs"))
            ? [.. Directory.EnumerateFiles(folder.In("logs"), "*.log").Select(Path.GetFileNameWithoutExtension).OfType<string>().Order()]
            : [];
}
