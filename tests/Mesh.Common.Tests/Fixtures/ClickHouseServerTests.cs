using Mesh.Testing;

namespace Mesh.Common.Tests.Fixtures;

[Trait("Needs", "servers")]
public sealed class ClickHouseServerTests
{
    [Fact]
    public async Task Rows_are_there_after_a_kill_and_a_start_at_the_same_address()
    {
        await using var server = await ClickHouseServer.StartAsync();
        var address = server.Address;
        await server.QueryAsync("create table t (a UInt64) engine = MergeTree order by a");
        await server.QueryAsync("insert into t select number from numbers(1000)");

        await server.KillAsync();
        await server.StartAgainAsync();

        Assert.Equal(address, server.Address);
        Assert.Equal("1000", await server.QueryAsync("select count() from t"));
    }
}
