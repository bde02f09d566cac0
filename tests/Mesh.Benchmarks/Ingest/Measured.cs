using System.Diagnostics;

namespace Mesh.Benchmarks.Ingest;

/// <summary>What one side needed for one recording.</summary>
/// <param name="PerCpuSecond">Samples for each second of CPU time, from the first request until all is in files and merging has come to rest.</param>
/// <param name="PerSecond">Samples for each second of the clock, until the last answer.</param>
/// <param name="PeakMebibytes">The most memory of each process, added up.</param>
/// <param name="P50">Half of the requests were answered within this, in milliseconds.</param>
/// <param name="P99">99 of 100 requests.</param>
/// <param name="BytesPerSample">Bytes on the disk for each sample after everything is merged, by what they are for.</param>
internal sealed record Measured(
    double PerCpuSecond, double PerSecond, double PeakMebibytes, double P50, double P99, Dictionary<string, double> BytesPerSample)
{
    public double AllBytesPerSample => BytesPerSample.Values.Sum();

    public static async Task<Measured> RunAsync(ISide side, Recording warmUp, Recording recording)
    {
        await Replay.SendAsync(warmUp, side.WriteAddress, side.Token);
        await side.SettleAsync(warmUp.Samples);
        var before = string.Join(", ", side.Processes.Each());
        var (cpu, begun) = (side.Processes.CpuSeconds, Stopwatch.GetTimestamp());
        var latencies = await Replay.SendAsync(recording, side.WriteAddress, side.Token);
        var elapsed = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await side.SettleAsync(warmUp.Samples + recording.Samples);
        var parts = string.Join(", ", side.Processes.Each());
        cpu = side.Processes.CpuSeconds - cpu;
        var peak = side.Processes.PeakMebibytes;
        var sizes = await side.MergeAsync();
        latencies.Sort();
        var measured = new Measured(
            recording.Samples / cpu, recording.Samples / elapsed, peak, latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.99)],
            sizes.ToDictionary(size => size.Key, size => (double)size.Value / (warmUp.Samples + recording.Samples)));
        Console.Error.WriteLine($"{side.GetType().Name}: {measured} {string.Join(", ", measured.BytesPerSample)} cpu from {before} to {parts}");
        return measured;
    }
}
