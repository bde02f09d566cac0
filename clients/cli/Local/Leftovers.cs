namespace Mesh.Cli.Local;

/// <summary>What a stack left behind whose supervisor was killed.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>Ends the recorded processes of a stack in the reverse order of their stages, and nothing else.</summary>
    /// <returns>The names of the programs that still ran.</returns>
    public static async Task<IReadOnlyList<string>> EndAsync(StackFolder folder, TimeProvider time)
    {
        var ended = new List<string>();
        foreach (var stage in PidRecord.ReadAll(folder.PidFolder).GroupBy(record => record.Stage).OrderByDescending(stage => stage.Key))
        {
            ended.AddRange(stage.Where(record => record.IsAlive).Select(record => record.Name));
            await Task.WhenAll(stage.Select(record => ProcessEnd.StopAsync(record, Grace, time)));
            foreach (var record in stage)
                record.Delete(folder.PidFolder);
        }

        await NginxCleanup.RunAsync(folder.In("router"), time);
        ProcessEnd.KillMarked(StackPrograms.Mark(folder));
        await ContainerCleanup.RunAsync(folder.In("agent"));
        return ended;
    }
}
