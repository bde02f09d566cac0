namespace Mesh.Common.Metrics;

/// <summary>One line of a metric: a sum, a last value, or a histogram.</summary>
internal sealed class Series(double[] bounds)
{
    private readonly long[] _buckets = new long[bounds.Length + 1];
    private double _value;
    private long _count;

    /// <summary>The sum of a counter or histogram; the last value of a gauge.</summary>
    public double Value => Volatile.Read(ref _value);

    public long Count => Interlocked.Read(ref _count);

    public long Bucket(int index) => Interlocked.Read(ref _buckets[index]);

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Add(double value)
    {
        double seen, next;
        do
        {
            seen = Volatile.Read(ref _value);
            next = seen + value;
        }
        while (BitConverter.DoubleToInt64Bits(Interlocked.CompareExchange(ref _value, next, seen)) != BitConverter.DoubleToInt64Bits(seen));
    }

    public void Observe(double value)
    {
        var index = Array.BinarySearch(bounds, value);
        Interlocked.Increment(ref _buckets[index < 0 ? ~index : index]);
        Interlocked.Increment(ref _count);
        Add(value);
    }
}
