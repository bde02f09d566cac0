using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Senders;

/// <summary>OpenTelemetry's own exporters for JavaScript send over every protocol that they have.</summary>
[Trait("Needs", "servers")]
public sealed class OpenTelemetryTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private const string Resource = "instance=one,job=web/shop";

    [Theory]
    [InlineData("grpc", "jsgrpc")]
    [InlineData("http/protobuf", "jsproto")]
    [InlineData("http/json", "jsjson")]
    public async Task What_an_app_sends_is_found(string protocol, string tenant)
    {
        var sent = await SendAsync(protocol, tenant, "cumulative");
        await servers.WaitForAsync($"select count() from logs where tenant = '{tenant}'", 1);
        await servers.WaitForAsync($"select count() from spans where tenant = '{tenant}'", 2);

        await AssertMetricsAsync(tenant);
        Assert.Equal(
            "card declined €\t17\t[\"a\",\"b\"]\tweb\t13",
            await servers.Engine.QueryAsync(
                "select body, labels['order_id'], labels['parts'], labels['service_namespace'], severity from logs "
                + $"where tenant = '{tenant}' and trace_id = '{sent.Trace}' and span_id = '{sent.Span}'"));
        await AssertTraceAsync(tenant, sent);
    }

    [Theory]
    [InlineData("grpc", "jsdeltagrpc")]
    [InlineData("http/protobuf", "jsdeltaproto")]
    public async Task Changes_since_the_last_export_are_added_up(string protocol, string tenant)
    {
        await SendAsync(protocol, tenant, "delta");
        await servers.WaitForAsync($"select toInt64(max(value)) from samples where tenant = '{tenant}' and series in (select id from series where metric = 'orders_total')", 7);
        await servers.WaitForAsync($"select toInt64(max(value)) from samples where tenant = '{tenant}' and series in (select id from series where metric = 'order_weight_grams_count')", 4);
        Assert.Equal($"7 {Resource},pay_method=card", await LatestAsync(tenant, "orders_total"));
        Assert.Equal(
            $"2 {Resource},le=0.1\n2 {Resource},le=1\n4 {Resource},le=+Inf",
            await LatestAsync(tenant, "order_duration_seconds_bucket"));
        Assert.Equal($"2 {Resource},le=4", await LatestAsync(tenant, "order_weight_grams_bucket{le='4'}"));
        Assert.Equal($"4 {Resource},le=+Inf", await LatestAsync(tenant, "order_weight_grams_bucket{le='+Inf'}"));
    }

    private async Task AssertMetricsAsync(string tenant)
    {
        // Two exports and one at the end: the last of them, by the contract.
        await servers.WaitForAsync($"select count() from samples where tenant = '{tenant}' and series in (select id from series where metric = 'orders_total')", 3);
        Assert.Equal($"7 {Resource},pay_method=card", await LatestAsync(tenant, "orders_total"));
        Assert.Equal($"-2.5 {Resource}", await LatestAsync(tenant, "queue_length"));
        Assert.Equal($"4 {Resource}", await LatestAsync(tenant, "order_duration_seconds_count"));
        Assert.Equal($"3.625 {Resource}", await LatestAsync(tenant, "order_duration_seconds_sum"));
        Assert.Equal(
            $"2 {Resource},le=0.1\n2 {Resource},le=1\n4 {Resource},le=+Inf",
            await LatestAsync(tenant, "order_duration_seconds_bucket"));
        Assert.Equal($"4 {Resource}", await LatestAsync(tenant, "order_weight_grams_count"));
        // Half of them weigh 3, which lies below the next power of the square root of two.
        Assert.Equal($"2 {Resource},le=4", await LatestAsync(tenant, "order_weight_grams_bucket{le='4'}"));
    }

    private async Task AssertTraceAsync(string tenant, Sent sent)
    {
        var client = new QueryService.QueryServiceClient(servers.Channel);
        var trace = await client.GetTraceAsync(new GetTraceRequest { Parent = "tenants/" + tenant, TraceId = sent.Trace }, IngestionProcess.Headers);
        Assert.Equal(["checkout", "pay"], trace.Spans.Select(span => span.Operation).Order(StringComparer.Ordinal));
        var pay = trace.Spans.Single(span => span.Operation == "pay");
        Assert.Equal((sent.Span, sent.Parent, "shop", true), (pay.SpanId, pay.ParentSpanId, pay.Service, pay.Error));
        Assert.Equal("credit", pay.Attributes.Single(attribute => attribute.Name == "card.kind").Value);
    }

    private async Task<Sent> SendAsync(string protocol, string tenant, string temporality)
    {
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_HEADERS"] = $"authorization={Posts.Bearer},x-mesh-tenant={tenant}",
        };
        var output = await NodeProgram.RunAsync(environment, "send.mjs", protocol, servers.Ingestion.Address.ToString(), temporality);
        return JsonSerializer.Deserialize<Sent>(output, JsonSerializerOptions.Web)!;
    }

    private async Task<string> LatestAsync(string tenant, string selector)
    {
        var request = new QueryMetricsRequest { Parent = "tenants/" + tenant, Selector = selector };
        using var call = new QueryService.QueryServiceClient(servers.Channel).QueryMetrics(request, IngestionProcess.Headers);
        var found = new List<string>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            var series = call.ResponseStream.Current;
            var labels = series.Labels.OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"{label.Name}={label.Value}");
            found.Add($"{series.Values[^1].ToString(CultureInfo.InvariantCulture)} {string.Join(',', labels)}");
        }

        return string.Join('\n', found.Order(StringComparer.Ordinal));
    }

    private sealed record Sent(string Trace, string Span, string Parent);
}
