using Mesh.Common.Consul;
using Mesh.Common.Hosting;
using Mesh.Common.Metrics;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Mesh.Common.Telemetry;

/// <summary>Runs the OpenTelemetry SDK: traces and metrics go to ingestion over OTLP/gRPC, from threads of the SDK's own.</summary>
internal sealed class TelemetryExport(ConsulClient consul, MeshOptions options, TimeProvider time) : IHostedService, IDisposable
{
    private const int ExportTimeoutMilliseconds = 5000;

    private TracerProvider? _tracer;
    private MeterProvider? _meter;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var resource = ResourceBuilder.CreateEmpty()
            .AddService(options.Service, serviceNamespace: "mesh", autoGenerateServiceInstanceId: false, serviceInstanceId: options.InstanceId);
        _tracer = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .SetSampler(new ParentBasedSampler(new TraceSampler(options.TracesPerSecond, time)))
            .AddSource("Microsoft.AspNetCore", "Grpc.Net.Client", "Npgsql", "Mesh", "Mesh.*")
            .AddOtlpExporter(Configure)
            .Build();
        _meter = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter([MeshMeters.Name, MeshMeters.Name + ".*", .. MeshMeters.Foreign])
            .AddOtlpExporter((exporter, reader) =>
            {
                Configure(exporter);
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 10_000;
                reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = ExportTimeoutMilliseconds;
            })
            .Build();
        return Task.CompletedTask;
    }

    /// <summary>Sends what is left, but not for long: ingestion may be stopping too.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        _tracer?.Shutdown(1000);
        _meter?.Shutdown(1000);
    }, cancellationToken);

    public void Dispose()
    {
        _tracer?.Dispose();
        _meter?.Dispose();
    }

    private void Configure(OtlpExporterOptions exporter)
    {
        exporter.Protocol = OtlpExportProtocol.Grpc;
        // Only the scheme is used: the handler puts a healthy instance in the place of the host.
        exporter.Endpoint = new Uri("http://ingestion");
        exporter.TimeoutMilliseconds = ExportTimeoutMilliseconds;
        exporter.HttpClientFactory = () => new HttpClient(new IngestionHandler(consul, options, time))
        {
            Timeout = TimeSpan.FromMilliseconds(ExportTimeoutMilliseconds),
        };
    }
}
