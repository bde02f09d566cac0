using System.Collections.Concurrent;
using System.Text;
using Mesh.Common.Auth;
using Mesh.Common.Telemetry;
using Mesh.Common.Tests.Hosting;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Tests.Telemetry;

[Trait("Needs", "servers")]
public sealed class TelemetryTests
{
    private readonly ConcurrentQueue<(string Path, string Subject, string Body)> _received = new();

    [Fact]
    public async Task Traces_and_metrics_reach_ingestion_and_receiving_them_makes_none()
    {
        await using var agent = await ConsulAgent.StartAsync();
        string[] settings = [$"--MESH_CONSUL={agent.Address}", "--MESH_OTLP=on"];
        // Nothing waits for ingestion: the sender starts before it.
        await using var sender = await TestServer.StartAsync("sender", settings: settings);
        await using var ingestion = await TestServer.StartAsync(
            "ingestion",
            b => b.Services.AddSingleton(new UntracedPath("/opentelemetry.")),
            app => app.MapPost("/opentelemetry.proto.collector.{service}/Export", ReceiveAsync), settings);
        using var http = sender.Http();
        await Wait.UntilAsync("a trace and metrics have arrived", async () =>
        {
            await http.GetAsync("/nothing-here");
            // The second batch of traces would hold the receiving of the first.
            return Arrived("sender", "TraceService") >= 2 && Arrived("sender", "MetricsService") > 0 && Arrived("ingestion", "MetricsService") > 0;
        });
        Assert.DoesNotContain(_received, r => r.Path.Contains("TraceService", StringComparison.Ordinal) && r.Body.Contains("/Export", StringComparison.Ordinal));
        Assert.Contains(_received, r => r.Body.Contains("service.namespace", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_so_many_traces_begin_each_second()
    {
        var (sampler, start) = (new TraceSampler(5, TimeProvider.System), TimeProvider.System.GetTimestamp());
        var begun = Enumerable.Range(0, 1000).Count(_ => sampler.ShouldSample(default).Decision is OpenTelemetry.Trace.SamplingDecision.RecordAndSample);
        // It may last from one second into another, and longer on a busy machine.
        Assert.InRange(begun, 5, 5 * ((int)TimeProvider.System.GetElapsedTime(start).TotalSeconds + 2));
    }

    private int Arrived(string from, string service) =>
        _received.Count(r => r.Subject == "services/" + from && r.Path.Contains(service, StringComparison.Ordinal));

    private async Task ReceiveAsync(HttpContext context)
    {
        var principal = await context.AuthenticateMeshAsync();
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        _received.Enqueue((context.Request.Path, principal.Subject, Encoding.UTF8.GetString(body.ToArray())));
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
