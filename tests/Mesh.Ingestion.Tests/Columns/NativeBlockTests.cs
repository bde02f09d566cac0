using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Native;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.Columns;

[Trait("Needs", "servers")]
public sealed class NativeBlockTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private EngineProcess _engine = null!;

    public async Task InitializeAsync()
    {
        _engine = new EngineProcess(_folder.Path);
        await _engine.StartAsync();
        foreach (var statement in TableSetup.Statements().Concat(TableSetup.Statements()))
            await _engine.QueryAsync(statement);
    }

    public async Task DisposeAsync()
    {
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_engine_reads_back_what_every_kind_of_column_wrote()
    {
        var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() * 1_000_000_000 + 123_456_789;
        var batch = new TelemetryBatch();
        batch.Logs.Tenant.Add("acme");
        batch.Logs.Time.Add(time);
        batch.Logs.Severity.Add(17);
        batch.Logs.Body.Add("größer \u0001 'quoted'\n");
        batch.Logs.Labels.AddPair("app", "shop");
        batch.Logs.Labels.AddPair("empty", "");
        batch.Logs.Labels.EndRow();
        batch.Logs.TraceId.Add("");
        batch.Logs.SpanId.Add("ab");
        batch.Logs.Tenant.Add("other");
        batch.Logs.Time.Add(time + 1);
        batch.Logs.Severity.Add(0);
        batch.Logs.Body.Add("");
        batch.Logs.Labels.EndRow();
        batch.Logs.TraceId.Add("t");
        batch.Logs.SpanId.Add("");
        await InsertAsync(batch.Logs);

        Assert.Equal(
            $$"""
            ["acme", {{time}}, 17, "größer \u0001 'quoted'\n", {"app":"shop","empty":""}, "", "ab"]
            ["other", {{time + 1}}, 0, "", {}, "t", ""]
            """,
            await _engine.QueryAsync(
                "select tenant, toUnixTimestamp64Nano(time), severity, body, labels, trace_id, span_id from logs order by tenant "
                + "settings output_format_json_quote_64bit_integers = 0 format JSONCompactEachRow"));
    }

    [Fact]
    public async Task A_block_whose_maps_are_all_empty_is_read()
    {
        var batch = new TelemetryBatch();
        batch.Series.Id.Add(7);
        batch.Series.Tenant.Add("maps");
        batch.Series.Metric.Add("up");
        batch.Series.Labels.EndRow();
        batch.Series.Seen.Add((uint)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        await InsertAsync(batch.Series);
        Assert.Equal("7\tup\t{}", await _engine.QueryAsync("select id, metric, labels from series where tenant = 'maps'"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    public async Task Dictionaries_of_any_width_are_read(int keys)
    {
        var batch = new TelemetryBatch();
        for (var i = 0; i < keys; i++)
        {
            batch.Samples.Tenant.Add($"{keys}-{i}");
            batch.Samples.Series.Add((ulong)i);
            batch.Samples.Time.Add(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            batch.Samples.Value.Add(i);
        }

        await InsertAsync(batch.Samples);
        Assert.Equal(keys, await _engine.NumberAsync($"select count() from samples where tenant = concat('{keys}-', toString(series)) and value = series"));
    }

    private Task InsertAsync(Block block) =>
        _engine.InsertAsync(block.Table, [.. NativeBlock.PiecesOf(block).SelectMany(piece => piece.ToArray())]);
}
