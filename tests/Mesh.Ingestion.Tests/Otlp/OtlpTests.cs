using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Mesh.Ingestion.Tests.Servers;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Logs.V1;
using OpenTelemetry.Proto.Metrics.V1;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using AggregationTemporality = OpenTelemetry.Proto.Metrics.V1.AggregationTemporality;
using WireMetric = OpenTelemetry.Proto.Metrics.V1.Metric;

namespace Mesh.Ingestion.Tests.Otlp;

[Trait("Needs", "servers")]
public sealed class OtlpTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private static ulong Now => (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;

    private static string Token => IngestionProcess.Headers.GetValue("authorization")!;

    [Theory]
    [InlineData(OtlpExportProtocol.Grpc, "sdkgrpc")]
    [InlineData(OtlpExportProtocol.HttpProtobuf, "sdkhttp")]
    public async Task The_official_exporter_delivers_metrics_and_spans(OtlpExportProtocol protocol, string tenant)
    {
        void Configure(OtlpExporterOptions options, string path)
        {
            options.Protocol = protocol;
            options.Endpoint = protocol == OtlpExportProtocol.Grpc ? servers.Ingestion.Address : new Uri(servers.Ingestion.Address, path);
            options.Headers = $"authorization={Token},x-mesh-tenant={tenant}";
        }

        using var meter = new Meter("test." + tenant);
        using var source = new ActivitySource("test." + tenant);
        var resource = ResourceBuilder.CreateEmpty().AddService("shop", serviceInstanceId: "one");
        using (var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(meter.Name)
            .AddOtlpExporter(options => Configure(options, "/v1/metrics")).Build())
        using (var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(source.Name)
            .AddOtlpExporter(options => Configure(options, "/v1/traces")).Build())
        {
            meter.CreateCounter<long>("orders", "{order}").Add(3, new KeyValuePair<string, object?>("pay.method", "card"));
            meter.CreateHistogram<double>("order.duration", "s").Record(0.3);
            using (source.StartActivity("checkout"))
            {
            }

            Assert.True(metrics.ForceFlush());
            Assert.True(traces.ForceFlush());
        }

        await servers.WaitForAsync(
            $"select count() > 0 from series where tenant = '{tenant}' and metric = 'orders_total' and labels = "
            + "map('instance', 'one', 'job', 'shop', 'pay_method', 'card')", 1);
        await servers.WaitForAsync($"select uniq(labels['le']) > 5 from series where tenant = '{tenant}' and metric = 'order_duration_seconds_bucket'", 1);
        await servers.WaitForAsync($"select count() from spans where tenant = '{tenant}' and operation = 'checkout' and service = 'shop'", 1);
    }

    [Fact]
    public async Task A_histogram_and_a_summary_become_series_of_their_parts()
    {
        var metrics = new ScopeMetrics
        {
            Metrics =
            {
                new WireMetric
                {
                    Name = "h",
                    Histogram = new Histogram
                    {
                        AggregationTemporality = AggregationTemporality.Cumulative,
                        DataPoints = { new HistogramDataPoint { TimeUnixNano = Now, Count = 6, Sum = 10, BucketCounts = { 1, 2, 3 }, ExplicitBounds = { 0.5, 2 } } },
                    },
                },
                new WireMetric
                {
                    Name = "s",
                    Summary = new Summary
                    {
                        DataPoints =
                        {
                            new SummaryDataPoint
                            {
                                TimeUnixNano = Now, Count = 2, Sum = 3,
                                QuantileValues = { new SummaryDataPoint.Types.ValueAtQuantile { Quantile = 0.9, Value = 1.5 } },
                            },
                        },
                    },
                },
                new WireMetric
                {
                    Name = "d",
                    Sum = new Sum
                    {
                        AggregationTemporality = AggregationTemporality.Delta,
                        DataPoints = { new NumberDataPoint { TimeUnixNano = Now, AsInt = 1 } },
                    },
                },
            },
        };
        var request = new ExportMetricsServiceRequest { ResourceMetrics = { new ResourceMetrics { ScopeMetrics = { metrics } } } };
        var headers = new Grpc.Core.Metadata { { "authorization", Token }, { "x-mesh-tenant", "parts" } };
        var response = await new MetricsService.MetricsServiceClient(servers.Channel).ExportAsync(request, headers);
        Assert.Null(response.PartialSuccess);

        await servers.WaitForAsync("select count() from samples where tenant = 'parts'", 9);
        await servers.WaitForAsync("select count() from series where tenant = 'parts'", 9);
        Assert.Equal(
            "d\t\t1\nh_bucket\t+Inf\t6\nh_bucket\t0.5\t1\nh_bucket\t2\t3\nh_count\t\t6\nh_sum\t\t10\ns\t\t1.5\ns_count\t\t2\ns_sum\t\t3",
            await servers.Engine.QueryAsync(
                "select metric, labels['le'] as le, value from samples inner join series on series.id = samples.series "
                + "where samples.tenant = 'parts' order by metric, le"));
    }

    [Fact]
    public async Task Http_takes_gzip_and_tells_what_is_wrong()
    {
        var request = new ExportLogsServiceRequest
        {
            ResourceLogs =
            {
                new ResourceLogs
                {
                    ScopeLogs = { new ScopeLogs { LogRecords = { new LogRecord { TimeUnixNano = Now, SeverityNumber = 9, Body = new AnyValue { StringValue = "hello" } } } } },
                },
            },
        }.ToByteArray();
        Assert.Equal(HttpStatusCode.OK, await PostAsync(request, gzip: false));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(request, gzip: true));
        // The same bytes are the same request, however they are packed.
        await servers.WaitForAsync("select count() from logs where tenant = 'http' and body = 'hello'", 1);

        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync([0xff, 0xff, 0xff], gzip: false));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(request, gzip: false, encoding: "gzip"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await PostAsync(request, gzip: false, type: "text/plain"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync(new byte[64 << 20], gzip: true));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(request, gzip: false, token: null));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(request, gzip: false, token: "Bearer meshsvc_agent_00"));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(request, gzip: false));
    }

    private async Task<HttpStatusCode> PostAsync(
        byte[] body, bool gzip, string type = "application/x-protobuf", string? encoding = null, string? token = "")
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(servers.Ingestion.Address, "/v1/logs"));
        message.Content = new ByteArrayContent(gzip ? Gzip(body) : body);
        message.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if ((encoding ?? (gzip ? "gzip" : null)) is { } used)
            message.Content.Headers.ContentEncoding.Add(used);
        if (token is not null)
            message.Headers.TryAddWithoutValidation("authorization", token.Length > 0 ? token : Token);
        message.Headers.Add("x-mesh-tenant", "http");
        using var response = await http.SendAsync(message);
        return response.StatusCode;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return target.ToArray();
    }
}
