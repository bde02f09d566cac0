using System.Text;
using Grpc.Core;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;
using Mesh.Common.Resilience;
using Mesh.Testing;

namespace Mesh.Common.Tests.ClickHouse;

[Trait("Needs", "servers")]
public sealed class ClickHouseTests : IAsyncLifetime
{
    private ClickHouseServer _server = null!;
    private ClickHouseClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await ClickHouseServer.StartAsync();
        _client = new(_server.Address, TimeProvider.System, PipelineLimits.Default with { Retries = 1, Pause = TimeSpan.FromMilliseconds(10) });
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_block_is_inserted_exactly_once_under_its_token()
    {
        await _client.ExecuteAsync(
            "create table t (id UInt64) engine = MergeTree order by id settings non_replicated_deduplication_window = 100", default);
        var block = Block(1, 2, 3);
        await _client.InsertNativeAsync("t", ["id"], [block], "batch-1", default);
        await _client.InsertNativeAsync("t", ["id"], [block], "batch-1", default);
        await _client.InsertNativeAsync("t", ["id"], [Block(4)], "batch-2", default);
        Assert.Equal([1UL, 2, 3, 4], await RowsAsync("select id from t order by id", r => r.NaturalNumber(0)));
    }

    [Fact]
    public async Task Rows_keep_their_values()
    {
        const string sql = "select {name:String}, toInt64(-9007199254740993), 18446744073709551615, nan, -inf, 1.5, null, ['a', 'b']";
        var parameters = new Dictionary<string, string> { ["name"] = "it's \"größe\"" };
        await foreach (var row in _client.QueryAsync(sql, parameters, default))
        {
            Assert.Equal(8, row.Count);
            Assert.Equal("it's \"größe\"", row.Text(0));
            Assert.Equal(-9007199254740993, row.WholeNumber(1));
            Assert.Equal(ulong.MaxValue, row.NaturalNumber(2));
            Assert.Equal(double.NaN, row.Number(3));
            Assert.Equal(double.NegativeInfinity, row.Number(4));
            Assert.Equal(1.5, row.Number(5));
            Assert.True(row.IsNull(6));
            Assert.Equal("b", row[7][1].GetString());
        }
    }

    [Fact]
    public async Task Many_rows_are_streamed()
    {
        var count = 0;
        await foreach (var row in _client.QueryAsync("select number from numbers(200000)", null, default))
        {
            Assert.Equal(count, row.WholeNumber(0));
            if (++count == 150_000) break;
        }
        Assert.Equal(150_000, count);
    }

    [Fact]
    public async Task A_refused_statement_tells_its_number()
    {
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => _client.ExecuteAsync("select * from nowhere", default));
        Assert.Equal((60, false), (error.Code, error.IsTransient));
        Assert.Equal(StatusCode.Internal, ErrorTable.Translate(error, "r1").Code);
        var query = await Assert.ThrowsAsync<ClickHouseException>(() => RowsAsync("select nothing", r => r.Text(0)));
        Assert.Equal(47, query.Code);
    }

    [Theory]
    [InlineData("select sum(sleepEachRow(0.01)) from numbers(100000) settings max_execution_time = 1, max_block_size = 10, function_sleep_max_microseconds_per_block = 0", StatusCode.OutOfRange)]
    [InlineData("select length(groupArray(number)) from numbers(100000000) settings max_memory_usage = 10000000", StatusCode.OutOfRange)]
    [InlineData("select match('a', '(?=a)')", StatusCode.InvalidArgument)]
    public async Task A_statement_that_takes_too_much_is_its_sender_s_fault_and_not_repeated(string sql, StatusCode expected)
    {
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => RowsAsync(sql, r => r.NaturalNumber(0)));
        Assert.False(error.IsTransient, error.Message);
        Assert.Equal(expected, ErrorTable.Translate(error, "r1").Code);
    }

    [Fact]
    public async Task A_query_that_fails_half_way_does_not_look_whole() =>
        await Assert.ThrowsAnyAsync<Exception>(() =>
            RowsAsync("select throwIf(number = 300000, 'half way') from numbers(400000) settings max_block_size = 1000", r => r.Text(0)));

    [Fact]
    public async Task A_server_that_is_away_is_unavailable()
    {
        Assert.True(await _client.PingAsync(default));
        await _server.KillAsync();
        Assert.False(await _client.PingAsync(default));
        var error = await Assert.ThrowsAnyAsync<Exception>(() => _client.ExecuteAsync("select 1", default));
        Assert.Equal(StatusCode.Unavailable, ErrorTable.Translate(error, "r1").Code);
        await _server.StartAgainAsync();
        await _client.ExecuteAsync("select 1", default);
    }

    private async Task<List<T>> RowsAsync<T>(string sql, Func<ClickHouseRow, T> read)
    {
        var rows = new List<T>();
        await foreach (var row in _client.QueryAsync(sql, null, default)) rows.Add(read(row));
        return rows;
    }

    /// <summary>FORMAT Native: columns, rows, then name, type and values of each column.</summary>
    private static byte[] Block(params ulong[] ids)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write7BitEncodedInt(1);
        writer.Write7BitEncodedInt(ids.Length);
        writer.Write("id");
        writer.Write("UInt64");
        foreach (var id in ids) writer.Write(id);
        writer.Flush();
        return bytes.ToArray();
    }
}
