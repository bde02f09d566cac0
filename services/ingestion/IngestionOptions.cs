using System.ComponentModel.DataAnnotations;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Quotas;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Retention;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion;

/// <summary>What ingestion itself reads from the environment, as MESH_INGESTION_…; the rest has defaults that fit.</summary>
public static class IngestionOptions
{
    /// <summary>MESH_INGESTION_LOG_BYTES, _LOG_MIN_FREE_BYTES, _LOG_SEGMENT_BYTES, _LOG_SPARE_SEGMENTS, _BATCH_MILLISECONDS and _ROLLUP_MILLISECONDS.</summary>
    public static LogOptions Log(IConfiguration configuration)
    {
        var normal = new LogOptions();
        return Checked(normal with
        {
            MaxBytes = Number(configuration, "LOG_BYTES") ?? normal.MaxBytes,
            MinFreeBytes = Number(configuration, "LOG_MIN_FREE_BYTES") ?? normal.MinFreeBytes,
            SegmentBytes = Number(configuration, "LOG_SEGMENT_BYTES") ?? normal.SegmentBytes,
            SpareSegments = Small(configuration, "LOG_SPARE_SEGMENTS") ?? normal.SpareSegments,
            RollupAge = TimeSpan.FromMilliseconds(Number(configuration, "ROLLUP_MILLISECONDS") ?? normal.RollupAge.TotalMilliseconds),
            BatchAge = TimeSpan.FromMilliseconds(Number(configuration, "BATCH_MILLISECONDS") ?? normal.BatchAge.TotalMilliseconds),
        });
    }

    /// <summary>
    /// MESH_INGESTION_TENANT_SAMPLES_PER_SECOND, _TENANT_LOGS_PER_SECOND, _TENANT_SPANS_PER_SECOND, _TENANT_EVENTS_PER_SECOND,
    /// _TENANT_RECORD_BYTES_PER_SECOND, _TENANT_SERIES and _TENANT_STREAMS.
    /// </summary>
    public static IntakeOptions Intake(IConfiguration configuration)
    {
        var normal = new IntakeOptions();
        return Checked(normal with
        {
            SamplesPerSecond = Number(configuration, "TENANT_SAMPLES_PER_SECOND") ?? normal.SamplesPerSecond,
            LogsPerSecond = Number(configuration, "TENANT_LOGS_PER_SECOND") ?? normal.LogsPerSecond,
            SpansPerSecond = Number(configuration, "TENANT_SPANS_PER_SECOND") ?? normal.SpansPerSecond,
            EventsPerSecond = Number(configuration, "TENANT_EVENTS_PER_SECOND") ?? normal.EventsPerSecond,
            RecordBytesPerSecond = Number(configuration, "TENANT_RECORD_BYTES_PER_SECOND") ?? normal.RecordBytesPerSecond,
            ActiveSeries = Small(configuration, "TENANT_SERIES") ?? normal.ActiveSeries,
            Streams = Small(configuration, "TENANT_STREAMS") ?? normal.Streams,
        });
    }

    /// <summary>MESH_INGESTION_TENANT_TARGETS and _TENANT_ALERT_POLICIES.</summary>
    public static QuotaOptions Quotas(IConfiguration configuration)
    {
        var normal = new QuotaOptions();
        return Checked(normal with
        {
            Targets = Small(configuration, "TENANT_TARGETS") ?? normal.Targets,
            AlertPolicies = Small(configuration, "TENANT_ALERT_POLICIES") ?? normal.AlertPolicies,
        });
    }

    /// <summary>MESH_INGESTION_TENANT_WRITERS and _TENANT_REQUEST_IDS.</summary>
    public static WriterLimits Writers(IConfiguration configuration)
    {
        var normal = new WriterLimits();
        return Checked(normal with
        {
            Writers = Small(configuration, "TENANT_WRITERS") ?? normal.Writers,
            RequestIds = Small(configuration, "TENANT_REQUEST_IDS") ?? normal.RequestIds,
        });
    }

    /// <summary>MESH_INGESTION_ALERT_MILLISECONDS and _ALERT_LEASE_MILLISECONDS.</summary>
    public static AlertOptions Alerts(IConfiguration configuration)
    {
        var normal = new AlertOptions();
        return Checked(normal with
        {
            IntervalMilliseconds = Number(configuration, "ALERT_MILLISECONDS") ?? normal.IntervalMilliseconds,
            LeaseMilliseconds = Number(configuration, "ALERT_LEASE_MILLISECONDS") ?? normal.LeaseMilliseconds,
        });
    }

    /// <summary>MESH_INGESTION_ALERT_HISTORY_DAYS, _ALERT_DELIVERY_DAYS and _ALERT_PURGE_MILLISECONDS.</summary>
    public static AlertPurgeOptions AlertPurge(IConfiguration configuration)
    {
        var normal = new AlertPurgeOptions();
        return Checked(normal with
        {
            HistoryDays = Small(configuration, "ALERT_HISTORY_DAYS") ?? normal.HistoryDays,
            DeliveryDays = Small(configuration, "ALERT_DELIVERY_DAYS") ?? normal.DeliveryDays,
            IntervalMilliseconds = Number(configuration, "ALERT_PURGE_MILLISECONDS") ?? normal.IntervalMilliseconds,
        });
    }

    /// <summary>MESH_INGESTION_WEBHOOK_TIMEOUT_MILLISECONDS, _WEBHOOK_BACKOFF_MILLISECONDS and _WEBHOOK_ATTEMPTS.</summary>
    public static WebhookOptions Webhooks(IConfiguration configuration)
    {
        var normal = new WebhookOptions();
        return Checked(normal with
        {
            TimeoutMilliseconds = Number(configuration, "WEBHOOK_TIMEOUT_MILLISECONDS") ?? normal.TimeoutMilliseconds,
            BackoffMilliseconds = Number(configuration, "WEBHOOK_BACKOFF_MILLISECONDS") ?? normal.BackoffMilliseconds,
            Attempts = Small(configuration, "WEBHOOK_ATTEMPTS") ?? normal.Attempts,
        });
    }

    /// <summary>MESH_INGESTION_RETENTION (`TENANT:TABLE=DAYS`, comma between two, `*` for all other tenants) and _RETENTION_MILLISECONDS.</summary>
    public static RetentionOptions Retention(IConfiguration configuration)
    {
        var normal = new RetentionOptions();
        return Checked(normal with
        {
            Rules = RetentionRule.ParseAll(configuration["MESH_INGESTION_RETENTION"] ?? ""),
            IntervalMilliseconds = Number(configuration, "RETENTION_MILLISECONDS") ?? normal.IntervalMilliseconds,
        });
    }

    /// <summary>
    /// MESH_INGESTION_BODY_BYTES and _BODY_MILLISECONDS: what all requests that are being received may hold together, and how long
    /// one of them may take to come in.
    /// </summary>
    public static BodyBudget Bodies(IConfiguration configuration)
    {
        var (bytes, milliseconds) = (Number(configuration, "BODY_BYTES") ?? BodyBudget.Normal, Number(configuration, "BODY_MILLISECONDS"));
        return bytes > 0 && milliseconds is null or (> 0 and < int.MaxValue)
            ? new BodyBudget(bytes, milliseconds is { } given ? TimeSpan.FromMilliseconds(given) : null)
            : throw new ValidationException("MESH_INGESTION_BODY_BYTES and MESH_INGESTION_BODY_MILLISECONDS must be positive.");
    }

    private static T Checked<T>(T options)
        where T : notnull
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options;
    }

    private static long? Number(IConfiguration configuration, string name) => configuration["MESH_INGESTION_" + name] is not { Length: > 0 } text
        ? null
        : long.TryParse(text, out var value) ? value : throw new ValidationException($"MESH_INGESTION_{name} must be a whole number and is `{text}`.");

    private static int? Small(IConfiguration configuration, string name) => Number(configuration, name) is not { } value
        ? null
        : value is >= int.MinValue and <= int.MaxValue ? (int)value : throw new ValidationException($"MESH_INGESTION_{name} must be at most {int.MaxValue} and is {value}.");
}
