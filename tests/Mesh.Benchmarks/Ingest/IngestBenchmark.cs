using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Mesh.Testing;

namespace Mesh.Benchmarks.Ingest;

/// <summary>The same remote-write requests to victoria-metrics and to us, in turn, and then our own stream.</summary>
internal static class IngestBenchmark
{
    /// <summary>Runs all parts, or those that are named: `small`, `large`, `stream`, `query`; with `alone` without the peer.</summary>
    public static async Task<int> RunAsync(string[] parts)
    {
        var (results, notes) = (new List<Result>(), new List<string>());
        var alone = parts.Contains("alone");
        if (Has(parts, "small"))
            results.AddRange(await CompareAsync("10,000 series", hosts: 21, scrapes: 1_600, alone, notes));
        if (Has(parts, "large"))
            results.AddRange(await CompareAsync("1,000,000 series", hosts: 2_092, scrapes: 12, alone, notes));
        if (Has(parts, "stream"))
            results.AddRange(await StreamAsync());
        if (Has(parts, "query"))
            results.AddRange(await QueryAsync());
        if (parts.Length == 0)
            Report.Write("ingest", About + string.Concat(notes.Select(note => "\n\n" + note)) + Standing(results), results);
        else
            results.ForEach(Console.WriteLine);
        return 0;
    }

    private const int Rounds = 3;

    private const string About =
        "One seeded stream of remote-write requests (hosts as node_exporter tells of them, 478 series each, scraped every 15 s, 2,000 samples a request, "
        + "some hosts replaced; four senders) sent to Debian's victoria-metrics and to us on the same machine, one after the other, as fast as each takes it. "
        + "CPU time is that of all processes of each side (ours: ingestion, ClickHouse engine, PostgreSQL, Consul) from the first request until all samples are in "
        + "files and merging has come to rest; the senders are not counted, nor are the start and a first twelve million samples, in which a runtime compiles our programs. Sizes are those after everything has been merged. What we acknowledge is on the disk "
        + "(fdatasync); victoria-metrics answers before that and can lose the last seconds. Where a line has no peer, there is nothing comparable.";

    // Where we lose is said in a sentence, not only in a column; and so is what else the machine had to do.
    private static string Standing(List<Result> results)
    {
        var lost = results.Where(result => result.Ratio is > 0 and < 1).Select(result => $"{result.Name} ({result.Ours} to {result.Peer} {result.Unit})").ToList();
        var load = File.ReadAllText("/proc/loadavg").Split(' ')[2];
        return $"\n\nThe machine's load average over the last 15 minutes was {load}: what exceeds {Environment.ProcessorCount} or so was other work, beside both sides."
            + (lost.Count == 0 ? "" : $"\n\nWhere we lose: {string.Join(", ", lost)}.");
    }

    private static bool Has(string[] parts, string part) => parts.Length == 0 || parts.Contains(part);

    private static async Task<IEnumerable<Result>> CompareAsync(string name, int hosts, int scrapes, bool alone, List<string> notes)
    {
        using var folder = new TestFolder();
        var begun = Stopwatch.GetTimestamp();
        var recording = Recording.Make(Path.Combine(folder.Path, "recording"), hosts, scrapes, minutesBack: 5);
        var warmUp = Recording.Make(Path.Combine(folder.Path, "warm-up"), hosts: 20, scrapes: 1_250, minutesBack: 24 * 60);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {recording.Samples} samples of {recording.Series} series in {recording.Bytes / recording.Samples} bytes each, made in {Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s"));
        var runs = new List<(Measured Peer, Measured Ours, double Memory)>();
        for (var run = 0; run < Rounds; run++)
            runs.Add(await RunAsync(warmUp, recording, alone));
        runs.Sort((left, right) => RatioOf(left).CompareTo(RatioOf(right)));
        var (peer, ours, _) = runs[Rounds / 2];
        var memory = runs.Max(run => run.Memory);
        notes.Add($"{name}: {Rounds} runs of both sides in turn, because the machine's speed changes. Told is the run with the median ratio of samples per CPU-second, of "
            + string.Join(", ", runs.Select(run => RatioOf(run).ToString("F2", CultureInfo.InvariantCulture))) + "; and the most memory that ingestion took in any of them.");

        return
        [
            Result.MoreIsBetter($"{name}: samples per CPU-second", "1/s", ours.PerCpuSecond, peer.PerCpuSecond, "ahead; twice aimed at"),
            Result.MoreIsBetter($"{name}: samples per second", "1/s", ours.PerSecond, peer.PerSecond, ""),
            Result.LessIsBetter($"{name}: ack p50", "ms", ours.P50, peer.P50, ""),
            Result.LessIsBetter($"{name}: ack p99", "ms", ours.P99, peer.P99, ""),
            Result.LessIsBetter($"{name}: peak memory, all processes", "MiB", ours.PeakMebibytes, peer.PeakMebibytes, ""),
            Result.Alone($"{name}: peak memory of ingestion", "MiB", memory, "under 1,024"),
            Result.LessIsBetter(
                $"{name}: bytes per sample, samples alone", "B", ours.BytesPerSample["samples"], peer.BytesPerSample["samples"], "fewer"),
            Result.LessIsBetter(
                $"{name}: bytes per sample with series and index", "B", ours.BytesPerSample["samples"] + ours.BytesPerSample["series"], peer.AllBytesPerSample, ""),
            Result.LessIsBetter($"{name}: bytes per sample with 1-minute roll-ups, which the peer lacks", "B", ours.AllBytesPerSample, peer.AllBytesPerSample, ""),
        ];
    }

    private static double RatioOf((Measured Peer, Measured Ours, double Memory) run) => run.Ours.PerCpuSecond / run.Peer.PerCpuSecond;

    private static async Task<(Measured Peer, Measured Ours, double Memory)> RunAsync(Recording warmUp, Recording recording, bool alone)
    {
        Measured? peer = null;
        if (!alone)
        {
            await using var side = await VictoriaMetrics.StartAsync();
            peer = await Measured.RunAsync(side, warmUp, recording);
        }

        await using var store = await MeshStore.StartAsync();
        var ours = await Measured.RunAsync(store, warmUp, recording);
        var memory = store.IngestionMebibytes;
        await store.CheckAsync(warmUp.Samples + recording.Samples);
        return (peer ?? ours, ours, memory);
    }

    private static async Task<IEnumerable<Result>> StreamAsync()
    {
        var load = StreamLoad.Make(hosts: 20, scrapes: 1_000);
        await using var store = await MeshStore.StartAsync();
        var headers = new Metadata { { "authorization", "Bearer " + store.Token } };
        var warmUp = StreamLoad.Make(hosts: 20, scrapes: 400);
        await warmUp.SendAsync(store.Ingestion.Address, headers, 0);
        await store.SettleAsync(warmUp.Samples);
        var (cpu, begun) = (store.Processes.CpuSeconds, Stopwatch.GetTimestamp());
        await load.SendAsync(store.Ingestion.Address, headers, 0);
        var acknowledged = load.Samples / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await Wait.UntilAsync("all is in the table", async () =>
            await store.Engine.QueryAsync("select count() from samples") == (warmUp.Samples + load.Samples).ToString(CultureInfo.InvariantCulture), TimeSpan.FromMinutes(3));
        var inTable = load.Samples / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await store.SettleAsync(warmUp.Samples + load.Samples);
        var perCpuSecond = load.Samples / (store.Processes.CpuSeconds - cpu);
        var atHalf = await LatenciesAsync(inTable / 2);
        var atHalfAMillion = await LatenciesAsync(500_000);
        Console.Error.WriteLine($"stream: {acknowledged:F0}/s acknowledged, {inTable:F0}/s in the table, {perCpuSecond:F0} per CPU-second, peak {ProcessCost.PeakMebibytes(store.Ingestion.Id):F0} MiB");
        return
        [
            Result.Alone("own stream: samples per second, until all are in the table", "1/s", inTable, "over 1,000,000"),
            Result.Alone("own stream: samples per second, acknowledged", "1/s", acknowledged, ""),
            Result.Alone("own stream: samples per CPU-second", "1/s", perCpuSecond, ""),
            Result.Alone("own stream: ack p50 at half of that load", "ms", atHalf.P50, ""),
            Result.Alone("own stream: ack p99 at half of that load", "ms", atHalf.P99, "under 50"),
            Result.Alone("own stream: ack p50 at 500,000 samples per second", "ms", atHalfAMillion.P50, ""),
            Result.Alone("own stream: ack p99 at 500,000 samples per second", "ms", atHalfAMillion.P99, "under 50"),
            Result.Alone("own stream: peak memory of ingestion", "MiB", ProcessCost.PeakMebibytes(store.Ingestion.Id), "under 1,024"),
        ];

        async Task<(double P50, double P99)> LatenciesAsync(double perSecond)
        {
            var latencies = await load.SendAsync(store.Ingestion.Address, headers, perSecond);
            latencies.Sort();
            return (latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.99)]);
        }
    }

    private static async Task<IEnumerable<Result>> QueryAsync()
    {
        var load = StreamLoad.Make(hosts: 18, scrapes: 5_815, replaces: false);
        await using var store = await MeshStore.StartAsync();
        var headers = new Metadata { { "authorization", "Bearer " + store.Token } };
        await load.SendAsync(store.Ingestion.Address, headers, 0);
        await store.SettleAsync(load.Samples);
        var now = TimeProvider.System.GetUtcNow();
        var end = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute)).AddMinutes(-6);
        var samples = string.Create(CultureInfo.InvariantCulture, $"{load.Samples / 1e6:F0} million samples");
        var results = new List<Result>();
        await AskAsync($"just loaded, in {await store.PartsAsync("samples")} parts");
        await store.RestAsync();
        await AskAsync("minutes later, in a part a day");
        return results;

        async Task AskAsync(string when)
        {
            var last = await QueryTimes.MeasureAsync(store.Ingestion.Address, headers, QueryTimes.DayByMinute(end, means: false));
            var means = await QueryTimes.MeasureAsync(store.Ingestion.Address, headers, QueryTimes.DayByMinute(end, means: true));
            var top = await QueryTimes.MeasureAsync(store.Ingestion.Address, headers, QueryTimes.TopTen(end));
            Console.Error.WriteLine($"query, {when}: {load.Samples} samples; last {last}, means {means}, top {top}");
            results.AddRange(
            [
                Result.Alone($"{samples}, {when}: one series over a day by minute ({last.Points} points)", "ms", last.Milliseconds, "under 20"),
                Result.Alone($"{samples}, {when}: the same as minutes' means, from roll-ups ({means.Points} points)", "ms", means.Milliseconds, "under 20"),
                Result.Alone($"{samples}, {when}: top 10 by mean over all series and the whole day", "ms", top.Milliseconds, "under 1,500"),
            ]);
        }
    }}
