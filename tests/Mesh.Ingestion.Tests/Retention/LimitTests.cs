using Grpc.Core;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Retention;

[Trait("Needs", "servers")]
public sealed class LimitTests(LimitedServers servers) : IClassFixture<LimitedServers>
{
    [Fact]
    public async Task A_tenant_keeps_its_rows_as_long_as_its_rule_says_and_others_as_long_as_the_table_does()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var tenant in new[] { "short", "long" })
        {
            using var sender = await Sender.OpenAsync(servers.Ingestion, tenant);
            var batch = new Batch { Number = 1, Series = { Sender.Series(1, "up") }, Samples = Sender.Samples((1, now - 5 * 86_400_000L, 1), (1, now, 2)) };
            Assert.Empty((await sender.SendAsync(batch)).Rejections);
        }

        await servers.WaitForAsync("select count() from samples where tenant = 'long'", 2);
        await servers.WaitForAsync("select toInt64(sum(value)) from samples where tenant = 'short'", 2);
        await servers.WaitForAsync("select count() from samples where tenant = 'short'", 1);
        Assert.Equal(2, await servers.Engine.NumberAsync("select count() from samples where tenant = 'long'"));
    }

    [Fact]
    public async Task A_tenant_with_too_many_streams_is_refused_until_it_closes_one()
    {
        var open = new List<Sender>();
        for (var i = 0; i < LimitedServers.Streams; i++)
            open.Add(await Sender.OpenAsync(servers.Ingestion, "busy"));
        var refused = await Assert.ThrowsAsync<RpcException>(() => Sender.OpenAsync(servers.Ingestion, "busy"));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        using (await Sender.OpenAsync(servers.Ingestion, "calm"))
            open.ForEach(sender => sender.Dispose());

        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var again = await Sender.OpenAsync(servers.Ingestion, "busy");
                return;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.ResourceExhausted && attempt < 200)
            {
                await Task.Delay(50);
            }
        }
    }

    [Fact]
    public async Task A_tenant_has_no_more_series_on_a_day_than_it_may()
    {
        using var sender = await Sender.OpenAsync(servers.Ingestion, "many");
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Batch Series(ulong number, uint first) => new()
        {
            Number = number,
            Series = { Enumerable.Range(0, LimitedServers.Series).Select(i => Sender.Series((uint)(first + i), "up", $"host=h{first + i}")) },
            Samples = Sender.Samples([.. Enumerable.Range(0, LimitedServers.Series).Select(i => ((uint)(first + i), now, 1.0))]),
        };
        Assert.Empty((await sender.SendAsync(Series(1, 1))).Rejections);
        var rejections = (await sender.SendAsync(Series(2, 1000))).Rejections.ToDictionary(r => r.Reason, r => r.Count);
        Assert.Equal(LimitedServers.Series, rejections["SERIES_LIMIT"]);
        await servers.WaitForAsync("select count() from samples where tenant = 'many'", LimitedServers.Series);
    }
}
