using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Query;

[Trait("Needs", "servers")]
public sealed class LogAndTraceTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private static readonly Timestamp Now = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());

    private QueryService.QueryServiceClient Client => new(servers.Channel);

    [Fact]
    public async Task Logs_are_found_by_time_text_severity_and_labels()
    {
        await SendLogsAsync(
            "search", Log("Order 17 PAID", 0, LogSeverity.Info, ("app", "shop")), Log("Ordnung", 1, LogSeverity.Error, ("app", "shop")),
            Log("other", 2, LogSeverity.Warn, ("app", "desk")));
        await servers.WaitForAsync("select count() from logs where tenant = 'search'", 3);

        Assert.Equal(["Order 17 PAID", "Ordnung", "other"], await SearchAsync(new SearchLogsRequest()));
        Assert.Equal(["other", "Ordnung"], await SearchAsync(new SearchLogsRequest { NewestFirst = true, Limit = 2 }));
        Assert.Equal(["Order 17 PAID"], await SearchAsync(new SearchLogsRequest { Contains = "paid" }));
        Assert.Equal(["Ordnung", "other"], await SearchAsync(new SearchLogsRequest { Severity = LogSeverity.Warn }));
        Assert.Equal(["other"], await SearchAsync(new SearchLogsRequest { Selector = "{app!='shop'}" }));
        Assert.Empty(await SearchAsync(new SearchLogsRequest { EndTime = new Timestamp { Seconds = Now.Seconds - 10 } }));
    }

    [Fact]
    public async Task A_tail_gets_the_backlog_and_then_what_is_acknowledged_and_matches()
    {
        await SendLogsAsync("tail", Log("before", 0, LogSeverity.Info, ("app", "shop")));
        await servers.WaitForAsync("select count() from logs where tenant = 'tail'", 1);

        using var call = Client.Tail(new TailRequest { Parent = "tenants/tail", Selector = "{app='shop'}", Backlog = 10 }, IngestionProcess.Headers);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("before", Assert.Single(call.ResponseStream.Current.Records).Body);

        await SendLogsAsync("tail", Log("other app", 1, LogSeverity.Info, ("app", "desk")), Log("first", 2, LogSeverity.Info, ("app", "shop")));
        await SendLogsAsync("elsewhere", Log("other tenant", 3, LogSeverity.Info, ("app", "shop")));
        await SendLogsAsync("tail", Log("second", 4, LogSeverity.Info, ("app", "shop")));
        var bodies = new List<string>();
        while (bodies.Count < 2 && await call.ResponseStream.MoveNext(CancellationToken.None))
            bodies.AddRange(call.ResponseStream.Current.Records.Select(record => record.Body));
        Assert.Equal(["first", "second"], bodies);
    }

    [Fact]
    public async Task Large_records_come_in_messages_that_every_client_takes()
    {
        var body = new string('x', 60_000);
        await SendLogsAsync("pages", [.. Enumerable.Range(0, 100).Select(i => Log(body, i, LogSeverity.Info))]);
        await servers.WaitForAsync("select count() from logs where tenant = 'pages'", 100);

        // A client of gRPC takes 4 MiB unless it is told otherwise.
        using var search = Client.SearchLogs(new SearchLogsRequest { Parent = "tenants/pages" }, IngestionProcess.Headers);
        var found = 0;
        while (await search.ResponseStream.MoveNext(CancellationToken.None))
            found += search.ResponseStream.Current.Records.Count;
        Assert.Equal(100, found);

        using var tail = Client.Tail(new TailRequest { Parent = "tenants/pages", Backlog = 1_000 }, IngestionProcess.Headers);
        for (found = 0; found < 100; found += tail.ResponseStream.Current.Records.Count)
            Assert.True(await tail.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(100, found);
    }

    [Fact]
    public async Task A_tenant_follows_its_logs_a_bounded_number_of_times()
    {
        var open = new List<AsyncServerStreamingCall<TailResponse>>();
        try
        {
            for (var i = 0; i < 100; i++)
            {
                open.Add(Client.Tail(new TailRequest { Parent = "tenants/crowd" }, IngestionProcess.Headers));
                Assert.True(await open[^1].ResponseStream.MoveNext(CancellationToken.None));
            }

            using var last = Client.Tail(new TailRequest { Parent = "tenants/crowd" }, IngestionProcess.Headers);
            var refused = await Assert.ThrowsAsync<RpcException>(() => last.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal((StatusCode.ResourceExhausted, "TOO_MANY_TAILS"), (refused.StatusCode, refused.Reason()));
            using var other = Client.Tail(new TailRequest { Parent = "tenants/alone" }, IngestionProcess.Headers);
            Assert.True(await other.ResponseStream.MoveNext(CancellationToken.None));
        }
        finally
        {
            open.ForEach(call => call.Dispose());
        }
    }

    [Fact]
    public async Task A_tail_goes_on_while_the_database_is_away()
    {
        using var call = Client.Tail(new TailRequest { Parent = "tenants/alone" }, IngestionProcess.Headers);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        await servers.Engine.KillAsync();
        await SendLogsAsync("alone", Log("still here", 0, LogSeverity.Info));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("still here", Assert.Single(call.ResponseStream.Current.Records).Body);

        await servers.Engine.StartAsync();
        await servers.WaitForAsync("select count() from logs where tenant = 'alone'", 1);
    }

    [Fact]
    public async Task Traces_are_found_by_id_and_by_what_their_spans_were()
    {
        const string slow = "0123456789abcdef0123456789abcdef";
        const string failed = "ffff456789abcdef0123456789abcdef";
        using var sender = await Sender.OpenAsync(servers, "traces");
        var ack = await sender.SendAsync(new Batch
        {
            Number = 1,
            Spans =
            {
                Span(slow, "0000000000000001", "", "GET /", "shop", 2_000_000_000, false),
                Span(slow.ToUpperInvariant(), "000000000000000A", "0000000000000001", "select", "db", 1_000_000, false),
                Span(failed, "0000000000000003", "", "GET /pay", "shop", 5_000_000, true),
            },
        });
        Assert.Empty(ack.Rejections);
        await servers.WaitForAsync("select count() from spans where tenant = 'traces'", 3);

        var trace = await Client.GetTraceAsync(new GetTraceRequest { Parent = "tenants/traces", TraceId = slow }, IngestionProcess.Headers);
        Assert.Equal(["GET /", "select"], trace.Spans.Select(span => span.Operation));
        Assert.Equal("value", trace.Spans[0].Attributes.Single().Value);
        Assert.Equal("000000000000000a", trace.Spans[1].SpanId);

        Assert.Equal([failed], await TracesAsync(new SearchTracesRequest { ErrorsOnly = true }));
        Assert.Equal([slow], await TracesAsync(new SearchTracesRequest { MinDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) }));
        Assert.Equal([slow], await TracesAsync(new SearchTracesRequest { Service = "db" }));
        var missing = await Assert.ThrowsAsync<RpcException>(
            () => Client.GetTraceAsync(new GetTraceRequest { Parent = "tenants/other", TraceId = slow }, IngestionProcess.Headers).ResponseAsync);
        Assert.Equal(StatusCode.NotFound, missing.StatusCode);
    }

    private static LogRecord Log(string body, int offset, LogSeverity severity, params (string Name, string Value)[] labels)
    {
        var record = new LogRecord { Body = body, Severity = severity, Time = new Timestamp { Seconds = Now.Seconds, Nanos = offset } };
        record.Labels.AddRange(labels.Select(label => new Label { Name = label.Name, Value = label.Value }));
        return record;
    }

    private static Span Span(string trace, string id, string parent, string operation, string service, long duration, bool error) => new()
    {
        TraceId = trace, SpanId = id, ParentSpanId = parent, Operation = operation, Service = service, DurationNanos = duration,
        Error = error, StartTime = Now, Attributes = { new Label { Name = "key", Value = "value" } },
    };

    private async Task SendLogsAsync(string tenant, params LogRecord[] records)
    {
        using var sender = await Sender.OpenAsync(servers, tenant);
        Assert.Empty((await sender.SendAsync(new Batch { Number = 1, Logs = { records } })).Rejections);
    }

    private async Task<List<string>> SearchAsync(SearchLogsRequest request)
    {
        request.Parent = "tenants/search";
        using var call = Client.SearchLogs(request, IngestionProcess.Headers);
        var bodies = new List<string>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            bodies.AddRange(call.ResponseStream.Current.Records.Select(record => record.Body));
        return bodies;
    }

    private async Task<IEnumerable<string>> TracesAsync(SearchTracesRequest request)
    {
        request.Parent = "tenants/traces";
        return (await Client.SearchTracesAsync(request, IngestionProcess.Headers)).Spans.Select(span => span.TraceId);
    }
}
