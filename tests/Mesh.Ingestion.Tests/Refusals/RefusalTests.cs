using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Refusals;

/// <summary>
/// A service that cannot take data now says so on every way in, and when to come again; it takes nothing of such a request,
/// counts it, and takes data again afterwards.
/// </summary>
[Trait("Needs", "servers")]
public sealed class RefusalTests : IAsyncLifetime
{
    private const int DiskMegabytes = 48, FreeMegabytes = 24;

    private readonly ReplicaServers _servers = new();

    public Task InitializeAsync() => _servers.InitializeAsync();

    public Task DisposeAsync() => _servers.DisposeAsync();

    [Fact]
    public async Task While_the_disk_has_no_room()
    {
        await using var ingestion = _servers.Replica("small", diskMegabytes: DiskMegabytes);
        ingestion.Settings["MESH_INGESTION_LOG_MIN_FREE_BYTES"] = $"{FreeMegabytes << 20}";
        await StartAsync(ingestion);
        using var channel = ingestion.Connect();
        var ways = new WaysIn(ingestion, channel);
        List<WayIn> all = [.. ways.Samples, .. ways.Records, .. ways.Own];
        await SendAsync(all, until: Reply.Taken);

        var ballast = Path.Combine(ingestion.DiskFolder, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[(DiskMegabytes - FreeMegabytes) << 20]);
        await SendAsync(all, until: Reply.SendAgain);
        File.Delete(ballast);
        await SendAsync(all, until: Reply.Taken);

        await CheckAsync(all, ingestion, "DISK_FULL");
    }

    [Fact]
    public async Task While_the_disk_has_no_byte_left_for_what_the_drain_writes_down()
    {
        await using var ingestion = _servers.Replica("none", diskMegabytes: DiskMegabytes);
        ingestion.Settings["MESH_INGESTION_LOG_MIN_FREE_BYTES"] = $"{FreeMegabytes << 20}";
        await StartAsync(ingestion);
        using var channel = ingestion.Connect();
        var ways = new WaysIn(ingestion, channel);
        List<WayIn> all = [.. ways.Samples, .. ways.Records, .. ways.Own];
        await SendAsync(all, until: Reply.Taken);
        await ingestion.DrainedAsync();
        await _servers.Engine.KillAsync();
        await SendAsync(all, until: Reply.Taken);

        // In two steps: a log that has seen that the disk is low writes nothing more.
        var ballast = Path.Combine(ingestion.DiskFolder, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[(DiskMegabytes - FreeMegabytes) << 20]);
        await SendAsync(all, until: Reply.SendAgain);
        Fill(ballast);
        await _servers.Engine.StartAsync();
        // What takes the checkpoint's place when it is whole.
        var checkpoint = Path.Combine(ingestion.DiskFolder, "log", "checkpoint.new");
        await Wait.UntilAsync("the drain has tried to write down how far it is", () => File.Exists(checkpoint));
        await SendAsync(all, until: Reply.SendAgain);
        File.Delete(ballast);
        await SendAsync(all, until: Reply.Taken);

        await CheckAsync(all, ingestion, "DISK_FULL");
    }

    [Fact]
    public async Task While_the_database_is_away_and_the_log_is_full()
    {
        await using var ingestion = _servers.Replica("full");
        ingestion.Settings["MESH_INGESTION_LOG_BYTES"] = "65536";
        await StartAsync(ingestion);
        using var channel = ingestion.Connect();
        var ways = new WaysIn(ingestion, channel);
        List<WayIn> all = [.. ways.Samples, .. ways.Records, .. ways.Own];
        await SendAsync(all, until: Reply.Taken);

        await _servers.Engine.KillAsync();
        await SendAsync(all, until: Reply.SendAgain);
        await _servers.Engine.StartAsync();
        await SendAsync(all, until: Reply.Taken);

        await CheckAsync(all, ingestion, "LOG_FULL");
    }

    [Fact]
    public async Task While_a_tenant_sends_faster_than_it_may()
    {
        await using var ingestion = _servers.Replica("slow");
        // A tenant's burst is ten seconds' worth: one request.
        foreach (var items in new[] { "SAMPLES", "LOGS", "SPANS" })
            ingestion.Settings[$"MESH_INGESTION_TENANT_{items}_PER_SECOND"] = $"{WayIn.Items / 10}";
        await StartAsync(ingestion);
        using var channel = ingestion.Connect();
        var ways = new WaysIn(ingestion, channel);
        List<WayIn> all = [.. ways.Samples, .. ways.Records];
        await SendAsync(all, until: Reply.Taken);
        await SendAsync(all, until: Reply.SendAgain);
        await SendAsync(all, until: Reply.Taken);

        await CheckAsync(all, ingestion, "RATE_LIMIT");
    }

    [Fact]
    public async Task While_a_tenants_records_are_too_many_bytes()
    {
        await using var ingestion = _servers.Replica("large");
        ingestion.Settings["MESH_INGESTION_TENANT_RECORD_BYTES_PER_SECOND"] = "60";
        await StartAsync(ingestion);
        using var channel = ingestion.Connect();
        var all = new WaysIn(ingestion, channel).Records;
        await SendAsync(all, until: Reply.Taken);
        await SendAsync(all, until: Reply.SendAgain);
        await SendAsync(all, until: Reply.Taken);

        await CheckAsync(all, ingestion, "RATE_LIMIT");
    }

    [Fact]
    public async Task Of_a_batch_of_Meshs_own_contract_what_is_too_much_is_left_out_and_told()
    {
        await using var ingestion = _servers.Replica("own");
        // A burst is ten seconds' worth. The rate is so slow that nothing comes back while the test runs.
        foreach (var (items, number) in new[] { ("LOGS", 1), ("SPANS", 2), ("EVENTS", 3), ("RECORD_BYTES", 1000) })
            ingestion.Settings[$"MESH_INGESTION_TENANT_{items}_PER_SECOND"] = $"{number}";
        await StartAsync(ingestion);
        using var channel = ingestion.Connect();
        var batch = new Batch { Number = 1 };
        for (var i = 0; i < 1000; i++)
        {
            batch.Logs.Add(new LogRecord { Body = "l" });
            batch.Spans.Add(new Span { Operation = "s", TraceId = new string('a', 32), SpanId = new string('b', 16) });
            batch.Events.Add(new Event { Type = "e.e" });
        }

        using var sender = await Sender.OpenAsync(channel, "own");
        var rejection = Assert.Single((await sender.SendAsync(batch)).Rejections);
        Assert.Equal("RATE_LIMIT", rejection.Reason);
        var taken = 3000 - rejection.Count;
        // Ten, twenty and thirty, and what came in while the batch was decoded.
        Assert.InRange(taken, 60, 1500);

        // Another tenant has its own rate, and a record is refused for its size as well.
        using var other = await Sender.OpenAsync(channel, "large");
        batch = new Batch { Number = 1 };
        for (var i = 0; i < 9; i++)
            batch.Logs.Add(new LogRecord { Body = new string('l', 6000) });
        rejection = Assert.Single((await other.SendAsync(batch)).Rejections);
        Assert.Equal("RATE_LIMIT", rejection.Reason);
        var large = 9 - rejection.Count;
        Assert.InRange(large, 1, 8);

        var written = "(select count() from logs) + (select count() from spans) + (select count() from events)";
        await _servers.WaitForAsync(ingestion, $"select {written}", taken + large);
        Assert.Equal(3009 - taken - large, await ingestion.MetricAsync("mesh_ingestion_items_rejected_total{reason=\"RATE_LIMIT\"}"));
    }

    private static Task StartAsync(IngestionProcess ingestion)
    {
        ingestion.Settings["MESH_INGESTION_BATCH_MILLISECONDS"] = "100";
        ingestion.Settings["MESH_INGESTION_ROLLUP_MILLISECONDS"] = "300";
        return ingestion.StartAsync();
    }

    private static Task SendAsync(List<WayIn> ways, Reply until) => Task.WhenAll(ways.Select(way =>
        Wait.UntilAsync($"{way.Tenant} is answered {until}", async () => await way.SendAsync() == until)));

    // Makes a file larger until the disk has no page left.
    private static void Fill(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        var page = new byte[4096];
        try
        {
            for (var offset = RandomAccess.GetLength(file); ; offset += page.Length)
                RandomAccess.Write(file, page, offset);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    // All that was taken is there, nothing of what was refused is, and all of that is counted.
    private async Task CheckAsync(List<WayIn> ways, IngestionProcess ingestion, string reason)
    {
        foreach (var way in ways)
            await _servers.WaitForAsync(ingestion, $"select count() from {way.Table} where tenant = '{way.Tenant}'", way.Taken);
        var refused = ways.Sum(way => way.Refused);
        Assert.Equal(refused, await ingestion.MetricAsync($"mesh_ingestion_requests_refused_total{{reason=\"{reason}\"}}"));
        Assert.Equal(
            refused * WayIn.Items, await ingestion.MetricAsync($"mesh_ingestion_items_rejected_total{{reason=\"{reason}\"}}"));
    }
}
