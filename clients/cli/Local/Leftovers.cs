namespace Mesh.Cli.Local;

/// <summary>What a stack left behind whose supervisor was killed.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>Ends the recorded processes of a stack in the reverse order of their start, and nothing else.</summary>
    /// <returns>The names of the programs that still ran.</returns>
    public static async Task<IReadOnlyList<string>> EndAsync(StackFolder folder, TimeProvider time)
    {
        var ended = new List<string>();
        foreach (var record in PidRecord.ReadAll(folder.PidFolder).Reverse())
        {
            if (record.IsAlive)
                ended.Add(record.Name);
            await ProcessEnd.StopAsync(record, Grace, time);
            record.Delete(folder.PidFolder);
        }

        ProcessEnd.KillMarked(StackPrograms.Mark(folder));
        await ContainerCleanup.RunAsync(folder.In("agent"));
        return ended;
    }
}
