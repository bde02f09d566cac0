using Mesh.Common.Discovery;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Common.Secrets;
using Mesh.Common.Telemetry;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Collectd;
using Mesh.Ingestion.Drain;
using Mesh.Ingestion.Federation;
using Mesh.Ingestion.Gnocchi;
using Mesh.Ingestion.Influx;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.OpenTsdb;
using Mesh.Ingestion.Otlp;
using Mesh.Ingestion.Outgoing;
using Mesh.Ingestion.Pushed;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.RemoteRead;
using Mesh.Ingestion.RemoteWrite;
using Mesh.Ingestion.Retention;
using Mesh.Ingestion.Scans;
using Mesh.Ingestion.Scraping;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.ServiceDiscovery;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Tail;
using Mesh.Ingestion.Targets;
using Mesh.Ingestion.Telemetry;
using Mesh.Ingestion.Writers;
using Mesh.Scheduler.V1;

namespace Mesh.Ingestion;

/// <summary>What this program is made of.</summary>
public static class IngestionSetup
{
    public static void AddIngestion(this WebApplicationBuilder builder)
    {
        DapperTypes.RegisterJson<TargetLabels>();
        DapperTypes.RegisterJson<AlertLabels>();
        var services = builder.Services;
        services.AddSingleton(IngestionOptions.Log(builder.Configuration));
        services.AddSingleton(IngestionOptions.Intake(builder.Configuration));
        services.AddSingleton(IngestionOptions.Quotas(builder.Configuration));
        services.AddSingleton(IngestionOptions.Alerts(builder.Configuration));
        services.AddSingleton(IngestionOptions.AlertPurge(builder.Configuration));
        services.AddSingleton(IngestionOptions.Webhooks(builder.Configuration));
        services.AddSingleton(provider => new LogOwner(Path.Combine(provider.GetRequiredService<MeshOptions>().Data, "log")));
        services.AddSingleton(OpenFiles);
        services.AddSingleton(OpenLog);
        services.AddSingleton(p => SenderState.Restore(p.GetRequiredService<LogFiles>().Snapshot, p.GetRequiredService<WriteAheadLog>()));
        services.AddSingleton(IngestionOptions.Writers(builder.Configuration));
        services.AddSingleton(p => new WriterTable(
            p.GetRequiredService<TimeProvider>(), p.GetRequiredService<WriterLimits>(), p.GetRequiredService<SenderState>()));
        services.AddSingleton(p => new TakenRequests(p.GetRequiredService<TimeProvider>(), p.GetRequiredService<SenderState>().Requests));
        services.AddSingleton<SeriesCache>();
        services.AddSingleton<BatchPool>();
        services.AddSingleton(IngestionOptions.Retention(builder.Configuration));
        services.AddSingleton<TenantRates>();
        services.AddSingleton<TenantStreams>();
        services.AddSingleton<StreamRoom>();
        services.AddSingleton<IntakeService>();
        services.AddSingleton(IngestionOptions.Bodies(builder.Configuration));
        services.AddSingleton<LabelCache>();
        services.AddSingleton<DeltaSums>();
        services.AddSingleton<OtlpReceiver>();
        // The receiving of a trace makes no trace: that one would be received too.
        services.AddSingleton(new UntracedPath("/opentelemetry."));
        services.AddSingleton(new UntracedPath("/v1/"));
        // Collectors send all the time: a trace of each request would say nothing.
        foreach (var path in new[] { "/api/", "/write", "/collectd", "/metrics/", "/ping", "/health", "/federate", "/service_discovery/" })
            services.AddSingleton(new UntracedPath(path));
        services.AddSingleton<TableSetup>();
        services.AddSingleton<TargetStore>();
        services.AddSingleton<TargetTurnStore>();
        services.AddSingleton<TargetSeriesStore>();
        services.AddSingleton<TargetHistoryStore>();
        services.AddSingleton<AlertPolicyStore>();
        services.AddSingleton<AlertStore>();
        services.AddSingleton<AlertMomentStore>();
        services.AddSingleton<AlertWatch>();
        services.AddSingleton<AlertTurnStore>();
        services.AddSingleton<AlertConditions>();
        services.AddSingleton<MetricConditions>();
        services.AddSingleton<LogConditions>();
        services.AddSingleton<FindingConditions>();
        services.AddSingleton(p => new WebhookSecrets(new SecretBox("ingestion.webhooks", p.GetRequiredService<MeshOptions>().ClusterKey)));
        services.AddSingleton<AlertDeliveryStore>();
        services.AddSingleton<WebhookSender>();
        services.AddMeshClient<WorkloadService.WorkloadServiceClient>("scheduler");
        services.AddSingleton<RunningImages>();
        services.AddSingleton<ScanGate>();
        services.AddSingleton<ScanStore>();
        services.AddSingleton<FindingStore>();
        services.AddSingleton<RetentionStore>();
        services.AddSingleton<TenantConnections>();
        services.AddSingleton<TargetHttp>();
        services.AddSingleton<TargetHistoryIntake>();
        services.AddSingleton<TextTranslator>();
        services.AddSingleton<GnocchiTranslator>();
        services.AddSingleton<StaleSeries>();
        services.AddSingleton<Scraper>();
        services.AddSingleton<RunningServices>();
        services.AddSingleton<LiveTail>();
        services.AddSingleton<OtherReplicas>();
        services.AddSingleton<TailMerges>();
        services.AddSingleton<MetricStore>();
        services.AddSingleton<ReadStore>();
        services.AddSingleton<LatestStore>();
        services.AddSingleton<MatcherPolicy, OnlyWithToken>();
        services.AddSingleton<LogStore>();
        services.AddSingleton<TraceStore>();
        services.AddHostedService(provider => provider.GetRequiredService<TableSetup>());
        services.AddHostedService(provider => provider.GetRequiredService<LiveTail>());
        services.AddHostedService(provider => provider.GetRequiredService<OtherReplicas>());
        services.AddHostedService<LogGuard>();
        services.AddHostedService<ScrapeLoop>();
        services.AddHostedService<AlertLoop>();
        services.AddPostgresSignals(AlertStore.Channel);
        services.AddHostedService<AlertPurge>();
        services.AddHostedService<RetentionLoop>();
        services.AddHostedService<AlertDeliveryLoop>();
        services.AddSingleton<DrainLag>();
        services.AddHostedService<DrainLoop>();
    }

    public static void MapIngestion(this WebApplication app)
    {
        ReceiverMetrics.Watch(app.Services.GetRequiredService<BodyBudget>());
        app.UseMiddleware<CallBodies>();
        app.MapGrpcService<TelemetryService>();
        app.MapGrpcService<QueryService>();
        app.MapGrpcService<TargetService>();
        app.MapGrpcService<AlertService>();
        app.MapGrpcService<ScanService>();
        app.MapGrpcService<RetentionService>();
        app.MapOtlp();
        app.MapRemoteWrite();
        app.MapRemoteRead();
        app.MapInflux();
        app.MapOpenTsdb();
        app.MapCollectd();
        app.MapPushed();
        app.MapFederation();
        app.MapServiceDiscovery();
    }

    private static LogFiles OpenFiles(IServiceProvider provider)
    {
        // Whoever else has the log is still changing what would be read here.
        provider.GetRequiredService<LogOwner>();
        return new LogFiles(Path.Combine(provider.GetRequiredService<MeshOptions>().Data, "log"));
    }

    private static WriteAheadLog OpenLog(IServiceProvider provider)
    {
        var files = provider.GetRequiredService<LogFiles>();
        var position = files.Checkpoint.Read();
        return new WriteAheadLog(
            files.Folder, position.Drained, provider.GetRequiredService<LogOptions>(), provider.GetRequiredService<TimeProvider>(), position.RollupStart);
    }
}
