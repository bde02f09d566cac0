using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Tail;

/// <summary>Two replicas of ingestion, and a reader who knows one of them.</summary>
[Trait("Needs", "servers")]
public sealed class TailReplicaTests(ReplicaServers servers) : IClassFixture<ReplicaServers>
{
    private readonly ConcurrentQueue<string> _seen = [];

    [Fact]
    public async Task A_reader_sees_once_what_each_replica_takes_though_one_dies_and_comes_back()
    {
        await using var consul = await ConsulAgent.StartAsync();
        await using var first = servers.Replica("first");
        await using var second = servers.Replica("second");
        first.Settings["MESH_CONSUL"] = second.Settings["MESH_CONSUL"] = consul.Address.ToString();
        await servers.StartAsync(first);
        await second.StartAsync();

        using var channel = first.Connect();
        var request = new TailRequest { Parent = "tenants/both", Selector = "{app='shop'}", Contains = "order" };
        using var tail = new QueryService.QueryServiceClient(channel).Tail(request, IngestionProcess.Headers);
        Assert.True(await tail.ResponseStream.MoveNext(default));
        var reading = ReadAsync(tail.ResponseStream);
        var found = 0;
        await Wait.UntilAsync("the first replica has found the second", async () =>
        {
            await SendAsync(second, "both", "shop", $"order found {found++}");
            return _seen.Any(body => body.Contains("found", StringComparison.Ordinal));
        });

        var expected = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            expected.AddRange([$"order {i} at the first", $"order {i} at the second"]);
            await SendAsync(first, "both", "shop", $"order {i} at the first");
            await SendAsync(second, "both", "shop", $"order {i} at the second", "another text");
            await SendAsync(second, "both", "desk", $"order {i} of another app");
            await SendAsync(second, "elsewhere", "shop", $"order {i} of another tenant");
        }

        await SeenAsync(expected, reading);

        // What it had acknowledged when it died comes before or after.
        expected.Add("order at death");
        await SendAsync(second, "both", "shop", "order at death");
        await second.KillAsync();
        expected.Add("order meanwhile");
        await SendAsync(first, "both", "shop", "order meanwhile");
        await Wait.UntilAsync("the first replica goes on", () => _seen.Contains("order meanwhile"));
        await second.StartAsync();
        expected.Add("order once back");
        await SendAsync(second, "both", "shop", "order once back");
        await SeenAsync(expected, reading);

        tail.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => reading.WaitAsync(Wait.Limit));
    }

    [Fact]
    public async Task A_replica_tells_how_far_its_log_has_come_though_nothing_matches()
    {
        await using var replica = servers.Replica("quiet");
        await servers.StartAsync(replica);
        using var channel = replica.Connect();
        var client = new QueryService.QueryServiceClient(channel);
        using var patience = new CancellationTokenSource(3 * Wait.Limit);
        using var quiet = client.TailReplica(new TailReplicaRequest { Parent = "tenants/quiet", Selector = "{app='none'}" }, IngestionProcess.Headers);
        Assert.True(await quiet.ResponseStream.MoveNext(patience.Token));
        var before = quiet.ResponseStream.Current.Position;
        await SendAsync(replica, "quiet", "shop", "old", "older");
        Assert.True(await quiet.ResponseStream.MoveNext(patience.Token));
        Assert.Empty(quiet.ResponseStream.Current.Records);
        var after = quiet.ResponseStream.Current.Position;
        Assert.True(after.Frame > before.Frame, $"{before} and {after}");

        Assert.Equal("old", await FirstAsync(before));
        await SendAsync(replica, "quiet", "shop", "new");
        Assert.Equal("new", await FirstAsync(after));

        async Task<string> FirstAsync(TailPosition position)
        {
            using var again = client.TailReplica(new TailReplicaRequest { Parent = "tenants/quiet", After = position }, IngestionProcess.Headers);
            do
                Assert.True(await again.ResponseStream.MoveNext(patience.Token));
            while (again.ResponseStream.Current.Records.Count == 0);
            return again.ResponseStream.Current.Records[0].Body;
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<TailResponse> stream)
    {
        while (await stream.MoveNext(default))
        {
            foreach (var record in stream.Current.Records)
                _seen.Enqueue(record.Body);
        }
    }

    private async Task SeenAsync(List<string> expected, Task reading)
    {
        await Wait.UntilAsync("all have been seen", () => reading.IsCompleted || expected.All(body => _seen.Contains(body)));
        Assert.False(reading.IsCompleted, "the stream has ended");
        Assert.Equal(expected.Order(StringComparer.Ordinal), _seen.Where(body => !body.Contains("found", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private static async Task SendAsync(IngestionProcess replica, string tenant, string app, params string[] bodies)
    {
        using var channel = replica.Connect();
        using var sender = await Sender.OpenAsync(channel, tenant);
        var batch = new Batch { Number = 1 };
        batch.Logs.AddRange(bodies.Select(body => new LogRecord
        {
            Body = body, Time = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow()), Labels = { new Label { Name = "app", Value = app } },
        }));
        Assert.Empty((await sender.SendAsync(batch)).Rejections);
    }
}
