using Mesh.Agent.Allocations;

namespace Mesh.Agent.Telemetry;

/// <summary>Gathers what is to be sent: new lines of every allocation in turn, and the samples that wait.</summary>
public sealed class BatchSource(NodeAllocations allocations, AllocationStore store, SampleBuffer samples, TelemetryState state, TimeProvider time)
{
    private const int MostLogBytes = 1 << 20;
    private const int MostSamples = 20_000;
    private int turn;

    public TelemetryBatch Next()
    {
        List<(AllocationSpec, LogLine)> lines = [];
        Dictionary<string, LogPosition> positions = [];
        var all = allocations.All;
        // Another one is first each time, and none takes more than half of what is left: a chatty one cannot silence the others.
        turn = all.Count == 0 ? 0 : (turn + 1) % all.Count;
        var left = MostLogBytes;
        foreach (var allocation in all.Skip(turn).Concat(all.Take(turn)))
        {
            if (left < 4096) break;
            var uid = allocation.Spec.Uid;
            var position = state.Position(uid);
            var (read, next) = LogTail.Read(store.Folder(uid).Logs, position, Math.Max(4096, left / 2), time.GetUtcNow());
            if (next == position) continue;
            lines.AddRange(read.Select(line => (allocation.Spec, line)));
            positions[uid] = next;
            left -= read.Sum(line => line.Text.Length + 64);
        }

        return new(lines, samples.Take(MostSamples), positions);
    }

    /// <summary>Whether all that an allocation printed is durable at ingestion.</summary>
    public bool IsDrained(string uid) => LogTail.IsAtEnd(store.Folder(uid).Logs, state.Position(uid));
}
