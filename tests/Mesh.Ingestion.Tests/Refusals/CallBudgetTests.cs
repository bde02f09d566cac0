using System.Net;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Logs.V1;
using LogRecord = OpenTelemetry.Proto.Logs.V1.LogRecord;

namespace Mesh.Ingestion.Tests.Refusals;

/// <summary>What calls of gRPC send is held within the same bounds as the bodies of HTTP.</summary>
[Trait("Needs", "servers")]
public sealed class CallBudgetTests : IAsyncLifetime
{
    private const string Export = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    private const int Budget = 8 << 20, Held = 3 << 20, Large = 2 << 20;

    private readonly TemporaryFolder _folder = new();
    private EngineProcess _engine = null!;
    private IngestionProcess _ingestion = null!;
    private GrpcChannel _channel = null!;

    public async Task InitializeAsync()
    {
        _engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await _engine.StartAsync();
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        _ingestion = new IngestionProcess(Path.Combine(_folder.Path, "ingestion"), _engine.Address, postgres);
        _ingestion.Settings["MESH_INGESTION_BODY_BYTES"] = $"{Budget}";
        _ingestion.Settings["MESH_INGESTION_BATCH_MILLISECONDS"] = "100";
        await _ingestion.StartAsync();
        _channel = _ingestion.Connect();
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _ingestion.DisposeAsync();
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task While_a_call_holds_most_of_the_room_large_requests_are_to_be_sent_again_and_small_ones_are_taken()
    {
        List<WayIn> ways =
        [
            new("grpc", "logs", tenant => ReplyAsync(() => ExportAsync(tenant, Large))),
            new("http", "logs", PostAsync),
            new("write", "logs", tenant => ReplyAsync(() => WriteAsync(tenant))),
            new("stream", "logs", tenant => ReplyAsync(() => StreamAsync(tenant))),
        ];
        using (await HoldAsync())
        {
            await SendAsync(ways, Reply.SendAgain);
            await ExportAsync("small", 10);
            // One caller has half of the room at most, and the rest is for others.
            await ExportAsync("other", Large, caller: "builder");
        }

        await SendAsync(ways, Reply.Taken);
        foreach (var way in ways)
            await IngestionServers.WaitForAsync(_engine, _ingestion, $"select count() from logs where tenant = '{way.Tenant}'", way.Taken / WayIn.Items);
        await IngestionServers.WaitForAsync(_engine, _ingestion, "select count() from logs where tenant = 'small'", 1);
        Assert.Equal(ways.Sum(way => way.Refused), await _ingestion.MetricAsync("mesh_ingestion_requests_refused_total{reason=\"RECEIVERS_BUSY\"}"));
        await Wait.UntilAsync("all room is given back", async () => await _ingestion.MetricAsync("mesh_ingestion_body_bytes") == 0);
    }

    [Fact]
    public async Task A_message_that_unpacks_to_more_than_is_taken_is_refused_for_good()
    {
        var bytes = Marshallers.Create<byte[]>(message => message, message => message);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "opentelemetry.proto.collector.logs.v1.LogsService", "Export", bytes, bytes);
        foreach (var encoding in new[] { "gzip", "deflate" })
        {
            var options = new CallOptions([.. IngestionProcess.Headers, new("x-mesh-tenant", "bomb"), new("grpc-internal-encoding-request", encoding)]);
            var refused = await Assert.ThrowsAsync<RpcException>(
                () => _channel.CreateCallInvoker().AsyncUnaryCall(method, null, options, new byte[64 << 20]).ResponseAsync);
            Assert.Equal((StatusCode.ResourceExhausted, ErrorTable.TooLarge), (refused.StatusCode, refused.Reason()));
            Assert.Null(refused.Details()!.Detail<RetryInfo>());
        }

        // Packed it is small, and what it becomes is more than there is room for now.
        using var call = await HoldAsync();
        Assert.Equal(Reply.SendAgain, await ReplyAsync(() => ExportAsync("packed", Large, "gzip")));
    }

    [Theory]
    [InlineData(Export)]
    [InlineData("/mesh.ingestion.v1.TelemetryService/Write")]
    [InlineData("/mesh.ingestion.v1.TelemetryService/Stream")]
    public async Task A_message_that_is_refused_on_its_way_is_answered_each_time(string method)
    {
        using var held = await HoldAsync();
        for (var i = 0; i < 5; i++)
        {
            using var call = new UnfinishedCall(_ingestion.Address, method, Large * 2, Posts.Bearer, Large);
            using var answer = await call.Answer.WaitAsync(Wait.Limit);
            AssertBusy(await TrailersAsync(answer));
            // While he stalls, and while the rest is read and thrown away, no room is held for him.
            Assert.InRange(await _ingestion.MetricAsync("mesh_ingestion_body_bytes"), Held, Held + 1000);
            call.Finish();
        }
    }

    [Fact]
    public async Task A_client_of_grpc_hears_that_it_is_to_send_again_each_time()
    {
        using var held = await HoldAsync();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(Reply.SendAgain, await ReplyAsync(() => ExportAsync("again", Large)));
            Assert.Equal(Reply.SendAgain, await ReplyAsync(() => WriteAsync("again")));
            Assert.Equal(Reply.SendAgain, await ReplyAsync(() => StreamAsync("again")));
        }
    }

    [Fact]
    public async Task Of_a_caller_whom_nobody_knows_little_is_read()
    {
        foreach (var authorization in new[] { "", "Bearer nonsense" })
        {
            using var call = new UnfinishedCall(_ingestion.Address, Export, Large * 4, authorization, 1 << 20);
            Assert.Equal(StatusCode.Unauthenticated, await StatusAsync(call));
        }
    }

    private static async Task<StatusCode> StatusAsync(UnfinishedCall call)
    {
        using var answer = await call.Answer.WaitAsync(Wait.Limit);
        return (StatusCode)int.Parse((await TrailersAsync(answer))["grpc-status"], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<Dictionary<string, string>> TrailersAsync(HttpResponseMessage answer)
    {
        await answer.Content.ReadAsByteArrayAsync();
        return answer.Headers.Concat(answer.TrailingHeaders).ToDictionary(header => header.Key, header => header.Value.Single());
    }

    private static void AssertBusy(Dictionary<string, string> trailers)
    {
        Assert.Equal("8", trailers["grpc-status"]);
        var details = trailers[RpcErrors.DetailsTrailer];
        var status = Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(details.PadRight((details.Length + 3) / 4 * 4, '=')));
        Assert.Equal("RECEIVERS_BUSY", status.Detail<ErrorInfo>()!.Reason);
        Assert.NotNull(status.Detail<RetryInfo>());
    }

    // What HTTP is answered before all was sent may be lost with the stream's end: then it is asked again.
    private static Task AnswerAsync(Func<UnfinishedCall> begin, Action<HttpResponseMessage> check) => Wait.UntilAsync("an answer comes", async () =>
    {
        using var call = begin();
        try
        {
            using var answer = await call.Answer;
            await answer.Content.ReadAsByteArrayAsync();
            check(answer);
            return true;
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or OperationCanceledException)
        {
            return false;
        }
    });

    private async Task<UnfinishedCall> HoldAsync()
    {
        var call = new UnfinishedCall(_ingestion.Address, Export, Large * 4, Posts.Bearer, Held);
        await Wait.UntilAsync("the call holds its bytes", async () => await _ingestion.MetricAsync("mesh_ingestion_body_bytes") >= Held);
        return call;
    }

    [Fact]
    public async Task What_does_not_come_in_is_not_waited_for()
    {
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        await using var hasty = new IngestionProcess(Path.Combine(_folder.Path, "hasty"), _engine.Address, postgres);
        hasty.Settings["MESH_INGESTION_BODY_MILLISECONDS"] = "500";
        await hasty.StartAsync();

        using (var call = new UnfinishedCall(hasty.Address, Export, Large, Posts.Bearer, 100_000))
            Assert.Equal(StatusCode.Unavailable, await StatusAsync(call));
        await AnswerAsync(() => new UnfinishedCall(hasty.Address, "/v1/logs?tenant=hasty", Large, Posts.Bearer, 100_000, "application/x-protobuf"), refused =>
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
        });

        // A stream may rest between its messages.
        using var channel = hasty.Connect();
        using var sender = await Sender.OpenAsync(channel, "patient");
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.Empty((await sender.SendAsync(new Batch { Number = 1, Logs = { new Ingestion.V1.LogRecord { Body = "rested" } } })).Rejections);
        await Wait.UntilAsync("all room is given back", async () => await hasty.MetricAsync("mesh_ingestion_body_bytes") == 0);
    }

    private static Task SendAsync(List<WayIn> ways, Reply until) => Task.WhenAll(ways.Select(way =>
        Wait.UntilAsync($"{way.Tenant} is answered {until}", async () => await way.SendAsync() == until)));

    private async Task<Reply> PostAsync(string tenant)
    {
        using var answer = await new Posts(_ingestion, tenant).ExchangeAsync("/v1/logs", Logs(Large).ToByteArray(), "application/x-protobuf");
        if (answer.IsSuccessStatusCode)
            return Reply.Taken;
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.True(answer.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        return Reply.SendAgain;
    }

    private static async Task<Reply> ReplyAsync(Func<Task> call)
    {
        try
        {
            await call();
            return Reply.Taken;
        }
        catch (RpcException refused)
        {
            Assert.Equal((StatusCode.ResourceExhausted, "RECEIVERS_BUSY"), (refused.StatusCode, refused.Reason()));
            Assert.True(refused.Details()!.Detail<RetryInfo>()!.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
            return Reply.SendAgain;
        }
    }

    private async Task ExportAsync(string tenant, int bytes, string encoding = "identity", string caller = "agent")
    {
        Metadata headers = [.. IngestionProcess.HeadersOf(caller), new("x-mesh-tenant", tenant), new("grpc-internal-encoding-request", encoding)];
        await new LogsService.LogsServiceClient(_channel).ExportAsync(Logs(bytes), headers);
    }

    private async Task WriteAsync(string tenant) => await new TelemetryService.TelemetryServiceClient(_channel).WriteAsync(
        new WriteRequest { Parent = "tenants/" + tenant, Batch = OwnBatch() }, IngestionProcess.Headers);

    private async Task StreamAsync(string tenant)
    {
        using var sender = await Sender.OpenAsync(_channel, tenant);
        await sender.SendAsync(OwnBatch());
    }

    private static Batch OwnBatch() => new() { Number = 1, Logs = { new Ingestion.V1.LogRecord { Body = new string('x', Large) } } };

    private static ExportLogsServiceRequest Logs(int bytes)
    {
        // A time of its own would make each request another one.
        var record = new LogRecord { Body = new AnyValue { StringValue = new string('x', bytes) } };
        return new() { ResourceLogs = { new ResourceLogs { ScopeLogs = { new ScopeLogs { LogRecords = { record } } } } } };
    }
}
