using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Streams;

[Trait("Needs", "servers")]
public sealed class StreamTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task A_resumed_writer_learns_what_is_durable_and_its_repeated_batches_are_not_written_twice()
    {
        var (writer, log) = (Guid.NewGuid(), "");
        using (var sender = await Sender.OpenAsync(servers, "resume", writer))
        {
            log = sender.Opened.LogId;
            Assert.Equal(0UL, sender.Opened.LastDurableNumber);
            for (var number = 1UL; number <= 3; number++)
                Assert.Equal(number, (await sender.SendAsync(BatchOf(number))).Number);
        }

        using (var sender = await Sender.OpenAsync(servers, "resume", writer))
        {
            Assert.Equal((log, 3UL), (sender.Opened.LogId, sender.Opened.LastDurableNumber));
            Assert.True(Guid.TryParse(log, out _));
            Assert.Equal(2UL, (await sender.SendAsync(BatchOf(2))).Number);
            Assert.Equal(3UL, (await sender.SendAsync(BatchOf(3))).Number);
            Assert.Equal(4UL, (await sender.SendAsync(BatchOf(4))).Number);
        }

        await servers.WaitForAsync("select count() from samples where tenant = 'resume'", 4);
    }

    [Fact]
    public async Task A_second_stream_of_a_writer_ends_the_first()
    {
        var writer = Guid.NewGuid();
        using var first = await Sender.OpenAsync(servers, "second", writer);
        await first.SendAsync(BatchOf(1));
        using var second = await Sender.OpenAsync(servers, "second", writer);
        var refused = await Assert.ThrowsAsync<RpcException>(() => first.SendAsync(BatchOf(2)));
        Assert.Equal(StatusCode.Aborted, refused.StatusCode);
        Assert.Equal(2UL, (await second.SendAsync(BatchOf(2))).Number);
    }

    [Fact]
    public async Task A_gap_and_columns_of_different_length_are_invalid()
    {
        using var gap = await Sender.OpenAsync(servers, "errors");
        await gap.SendAsync(BatchOf(1));
        var refused = await Assert.ThrowsAsync<RpcException>(() => gap.SendAsync(BatchOf(3)));
        Assert.Equal((StatusCode.InvalidArgument, "BATCH_GAP"), (refused.StatusCode, refused.Reason()));

        using var uneven = await Sender.OpenAsync(servers, "errors");
        var batch = BatchOf(1);
        batch.Samples.Values.Add(1);
        refused = await Assert.ThrowsAsync<RpcException>(() => uneven.SendAsync(batch));
        Assert.Equal((StatusCode.InvalidArgument, "COLUMNS_DIFFER"), (refused.StatusCode, refused.Reason()));
    }

    [Fact]
    public async Task What_is_refused_is_told_by_reason_and_the_rest_is_taken()
    {
        using var sender = await Sender.OpenAsync(servers, "partial");
        var batch = new Batch { Number = 1 };
        batch.Series.Add(Sender.Series(1, "good"));
        batch.Series.Add(Sender.Series(2, "bad metric"));
        batch.Series.Add(Sender.Series(3, "good", "a=1", "a=2"));
        batch.Series.Add(Sender.Series(4, "good", [.. Enumerable.Range(0, 65).Select(i => $"l{i}=x")]));
        batch.Samples = Sender.Samples(
            (1, Now, 1), (2, Now, 2), (9, Now, 9), (1, Now - 90L * 86_400_000, 3), (1, Now + 86_400_000, 4), (1, Now, double.NaN));
        batch.Logs.Add(new LogRecord { Body = "from nowhere", Tenant = "nonsense" });
        var ack = await sender.SendAsync(batch);

        Assert.Equal(
            new Dictionary<string, long>
            {
                ["INVALID_METRIC_NAME"] = 1, ["DUPLICATE_LABEL"] = 1, ["TOO_MANY_LABELS"] = 1, ["UNKNOWN_SERIES_REF"] = 2,
                ["TOO_OLD"] = 1, ["TOO_FAR_IN_FUTURE"] = 1, ["FOREIGN_TENANT"] = 1,
            },
            ack.Rejections.ToDictionary(rejection => rejection.Reason, rejection => rejection.Count));
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["INVALID_METRIC_NAME"] = "bad metric{}", ["DUPLICATE_LABEL"] = "good{a=\"2\",a=\"1\"}", ["UNKNOWN_SERIES_REF"] = "series_ref 2",
                ["TOO_OLD"] = "good{}", ["TOO_FAR_IN_FUTURE"] = "good{}", ["FOREIGN_TENANT"] = "",
            },
            ack.Rejections.Where(rejection => rejection.Reason != "TOO_MANY_LABELS").ToDictionary(rejection => rejection.Reason, rejection => rejection.Example));
        Assert.StartsWith("good{l64=\"x\",l0=\"x\",", ack.Rejections.Single(rejection => rejection.Reason == "TOO_MANY_LABELS").Example, StringComparison.Ordinal);
        await servers.WaitForAsync("select count() from samples where tenant = 'partial'", 2);
    }

    [Fact]
    public async Task Writing_one_batch_twice_under_one_request_id_writes_it_once()
    {
        var client = new TelemetryService.TelemetryServiceClient(servers.Channel);
        var request = new WriteRequest { Parent = "tenants/once", Batch = BatchOf(0), RequestId = Guid.NewGuid().ToString() };
        await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            try
            {
                await client.WriteAsync(request, IngestionProcess.Headers);
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Aborted)
            {
            }
        }));
        await client.WriteAsync(request, IngestionProcess.Headers);
        await client.WriteAsync(new WriteRequest { Parent = "tenants/once", Batch = BatchOf(0) }, IngestionProcess.Headers);
        await servers.WaitForAsync("select count() from samples where tenant = 'once'", 2);
    }

    [Fact]
    public async Task A_single_write_tells_the_refused_series_as_well()
    {
        var client = new TelemetryService.TelemetryServiceClient(servers.Channel);
        var batch = new Batch { Series = { Sender.Series(1, "up", "job=\u202etest") }, Samples = Sender.Samples((1, Now - 90L * 86_400_000, 1)) };
        var written = await client.WriteAsync(new WriteRequest { Parent = "tenants/told", Batch = batch }, IngestionProcess.Headers);
        Assert.Equal(("TOO_OLD", "up{job=\"\ufffdtest\"}"), (Assert.Single(written.Rejections).Reason, written.Rejections[0].Example));
    }

    [Fact]
    public async Task A_call_without_a_token_is_refused()
    {
        using var call = new TelemetryService.TelemetryServiceClient(servers.Channel).Stream();
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    private static Batch BatchOf(ulong number) => new()
    {
        Number = number,
        Series = { Sender.Series(1, "up", "job=test") },
        Samples = Sender.Samples((1, Now, number)),
    };
}
