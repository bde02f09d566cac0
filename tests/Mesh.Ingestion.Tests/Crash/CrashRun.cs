using Mesh.Ingestion.Tests.Servers;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Crash;

/// <summary>
/// Senders of every kind with numbered samples, while ingestion, the engine or both are killed at random moments: at the end every
/// acknowledged sample is in the table exactly once, and the roll-ups agree with the samples.
/// </summary>
public static class CrashRun
{
    /// <summary>Runs so many rounds, throws where a sample is lost or doubled, and tells how many were acknowledged.</summary>
    public static async Task<long> RunAsync(int seed, int rounds)
    {
        using var folder = new TemporaryFolder();
        await using var engine = new EngineProcess(Path.Combine(folder.Path, "clickhouse"));
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        await using var ingestion = new IngestionProcess(Path.Combine(folder.Path, "ingestion"), engine.Address, postgres);
        ingestion.Settings["MESH_INGESTION_LOG_SEGMENT_BYTES"] = "200000";
        ingestion.Settings["MESH_INGESTION_BATCH_MILLISECONDS"] = "50";
        ingestion.Settings["MESH_INGESTION_ROLLUP_MILLISECONDS"] = "200";
        await engine.StartAsync();
        await ingestion.StartAsync();

        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 3).Select(i => (Name: $"w{i}", Writer: new CrashWriter(ingestion, $"w{i}"))).ToList();
        var running = writers.Select(writer => Task.Run(() => writer.Writer.RunAsync(stop.Token))).ToList();
        var senders = CrashSender.All(ingestion);
        running.AddRange(senders.Select(sender => Task.Run(() => sender.RunAsync(stop.Token))));
        await KillAsync(engine, ingestion, new Random(seed), rounds);
        await stop.CancelAsync();
        await Task.WhenAll(running).WaitAsync(TimeSpan.FromMinutes(2));

        Assert.All(writers, writer => Assert.True(writer.Writer.Acknowledged > 0 && writer.Writer.Reconnects > 0));
        Assert.All(senders, sender => Assert.True(sender.Acknowledged > 0 && sender.Repeated > 0));
        var acknowledged = writers.Select(writer => (writer.Name, Samples: (long)writer.Writer.Acknowledged * CrashWriter.BatchSize))
            .Concat(senders.Select(sender => (sender.Name, Samples: (long)sender.Acknowledged * CrashSender.BatchSize))).ToList();
        foreach (var (name, samples) in acknowledged)
            await CheckAsync(engine, ingestion, name, samples);
        return acknowledged.Sum(sender => sender.Samples);
    }

    private static async Task KillAsync(EngineProcess engine, IngestionProcess ingestion, Random random, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            await Task.Delay(random.Next(50, 700));
            var what = random.Next(3);
            if (what is 0 or 2)
                await ingestion.KillAsync();
            if (what is 1 or 2)
                await engine.KillAsync();
            await Task.Delay(random.Next(200));
            if (what is 1 or 2)
                await engine.StartAsync();
            if (what is 0 or 2)
                await ingestion.StartAsync();
        }
    }

    private static async Task CheckAsync(EngineProcess engine, IngestionProcess ingestion, string name, long expected)
    {
        var series = $"series in (select id from series where tenant = 'crash' and metric = 'crash_sequence' and labels['writer'] = '{name}')";
        foreach (var sql in new[] { $"select count() from samples where {series}", $"select sum(count) from samples_1m where {series}" })
        {
            var count = -1L;
            for (var attempt = 0; attempt < 1200 && count < expected; attempt++)
            {
                await Task.Delay(50);
                count = await engine.NumberAsync(sql);
            }

            Assert.True(count == expected, $"{name}: {sql} is {count} for {expected} acknowledged samples\n{ingestion.Output}");
        }

        Assert.Equal(expected, await engine.NumberAsync($"select uniqExact(value) from samples where {series} and value < {expected}"));
        var minutes = "select tenant, series, toStartOfMinute(toDateTime(samples.time - interval 1 millisecond)) as time, min(value) as min, max(value) as max, sum(value) as sum, count() as count "
            + $"from samples where {series} group by 1, 2, 3";
        var rollups = $"select tenant, series, time, min(min) as min, max(max) as max, sum(sum) as sum, sum(count) as count from samples_1m where {series} group by 1, 2, 3";
        Assert.Equal(0, await engine.NumberAsync($"select count() from ({minutes} except {rollups})"));
        Assert.Equal(0, await engine.NumberAsync($"select count() from ({rollups} except {minutes})"));
        Assert.Equal(expected * (expected - 1) / 2, await engine.NumberAsync($"select toInt64(sum(sum)) from samples_1m where {series}"));
    }
}
