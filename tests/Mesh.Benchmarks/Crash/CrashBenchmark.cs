using System.Diagnostics;
using System.Globalization;
using Mesh.Ingestion.Tests.Crash;

namespace Mesh.Benchmarks.Crash;

/// <summary>The crash test of ingestion with more rounds than a test run has time for.</summary>
internal static class CrashBenchmark
{
    private const int Runs = 3, Rounds = 60;

    public static async Task<int> RunAsync()
    {
        var (samples, begun) = (0L, Stopwatch.GetTimestamp());
        var seeds = Enumerable.Range(0, Runs).Select(run => Environment.TickCount + run).ToList();
        foreach (var seed in seeds)
        {
            Console.Error.WriteLine($"seed {seed}");
            samples += await CrashRun.RunAsync(seed, Rounds);
        }

        Report.Write("crash",
            "Senders of every kind send numbered samples while ingestion, the ClickHouse engine or both are killed (`kill -9`) at random moments. "
            + "At the end of each run every acknowledged sample has to be in the table exactly once, and the roll-ups have to agree with the samples; "
            + string.Create(CultureInfo.InvariantCulture, $"a run that finds otherwise writes no report. Seeds: {string.Join(", ", seeds)}."),
            [
                Result.Alone("rounds of kills", "", Runs * Rounds, ""),
                Result.Alone("acknowledged samples", "", samples, ""),
                Result.Alone("time for all runs", "s", Stopwatch.GetElapsedTime(begun).TotalSeconds, ""),
            ]);
        return 0;
    }
}
