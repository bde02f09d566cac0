namespace Mesh.Agent.Telemetry;

/// <summary>Samples on their way to ingestion. When it is full the oldest go: the newest tell more of what is wrong now.</summary>
public sealed class SampleBuffer(int capacity = 100_000)
{
    private readonly Lock gate = new();
    private readonly Queue<MetricSample> samples = new();

    /// <summary>How many were dropped so far.</summary>
    public long Dropped { get; private set; }

    public void Add(IEnumerable<MetricSample> added)
    {
        lock (gate)
        {
            foreach (var sample in added)
            {
                if (samples.Count == capacity)
                {
                    samples.Dequeue();
                    Dropped++;
                }

                samples.Enqueue(sample);
            }
        }
    }

    public IReadOnlyList<MetricSample> Take(int most)
    {
        lock (gate)
        {
            var taken = new List<MetricSample>(Math.Min(most, samples.Count));
            while (taken.Count < most && samples.TryDequeue(out var sample)) taken.Add(sample);
            return taken;
        }
    }
}
