using System.Text.Json.Serialization;
using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Telemetry;

/// <summary>What is on disk of the way to ingestion.</summary>
/// <param name="Positions">What is acknowledged, by allocation.</param>
/// <param name="PendingLog">The log that the batch was sent to.</param>
/// <param name="PendingNumber">The batch that was sent last; 0 for none.</param>
/// <param name="PendingPositions">What is acknowledged once that batch is.</param>
public sealed record TelemetryRecord(
    Guid WriterId, IReadOnlyDictionary<string, LogPosition> Positions, string PendingLog, ulong PendingNumber,
    IReadOnlyDictionary<string, LogPosition> PendingPositions);

/// <summary>
/// Which log lines are durable at ingestion. A batch is noted before it is sent, so that an agent that died before the
/// acknowledgement learns from ingestion whether its lines arrived, and sends none twice.
/// </summary>
public sealed class TelemetryState
{
    private static readonly Dictionary<string, LogPosition> None = [];
    private readonly string path;
    private readonly Lock gate = new();
    private TelemetryRecord record;

    public TelemetryState(string path)
    {
        this.path = path;
        record = ShimFiles.Read(path, TelemetryJson.Default.TelemetryRecord) ?? new(Guid.CreateVersion7(), None, "", 0, None);
        // What is there already needs no room on the disk: a full one keeps no agent from starting.
        if (!File.Exists(path)) Save(record);
    }

    public Guid WriterId => record.WriterId;

    public LogPosition Position(string uid)
    {
        lock (gate) return record.Positions.GetValueOrDefault(uid, LogPosition.Beginning);
    }

    /// <summary>The log that a batch was sent to of which it is not known whether it is durable there; null where there is none.</summary>
    public string? PendingLog
    {
        get
        {
            lock (gate) return record.PendingNumber == 0 ? null : record.PendingLog;
        }
    }

    /// <summary>Notes that a batch is about to be sent to a log.</summary>
    public void Begin(string log, ulong number, IReadOnlyDictionary<string, LogPosition> positions)
    {
        lock (gate) Save(record with { PendingLog = log, PendingNumber = number, PendingPositions = positions });
    }

    /// <summary>
    /// Everything up to this number is durable in this log. Whether that is true of the batch that was sent last; one that was sent to another
    /// log counts as lost from here on.
    /// </summary>
    public bool Acknowledge(string log, ulong durable)
    {
        lock (gate)
        {
            var arrived = record.PendingNumber > 0 && record.PendingLog == log && record.PendingNumber <= durable;
            var positions = arrived
                ? new Dictionary<string, LogPosition>(record.Positions.Concat(record.PendingPositions).GroupBy(entry => entry.Key).Select(entries => entries.Last()))
                : record.Positions;
            record = record with { Positions = positions, PendingLog = "", PendingNumber = 0, PendingPositions = None };
            return arrived;
        }
    }

    /// <summary>Lets go of allocations that no longer exist.</summary>
    public void Keep(IReadOnlySet<string> uids)
    {
        lock (gate) record = record with { Positions = record.Positions.Where(entry => uids.Contains(entry.Key)).ToDictionary() };
    }

    // The acknowledged state need not be written by itself: the next start asks ingestion how far it is.
    private void Save(TelemetryRecord next)
    {
        ShimFiles.Write(path, next, TelemetryJson.Default.TelemetryRecord);
        record = next;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TelemetryRecord))]
internal sealed partial class TelemetryJson : JsonSerializerContext;
