using System.Numerics;
using System.Text;
using Mesh.Ingestion.Drain;
using Mesh.Ingestion.Rollups;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Rollups;

public sealed class RollupTests
{
    [Fact]
    public void Batches_rolled_up_together_come_to_what_their_samples_come_to()
    {
        var (random, sorter, sorted, minutes) = (new Random(9), new SampleSorter(), new SampleBlock(), new MinuteBlock());
        using var rollup = new Rollup();
        for (var round = 0; round < 10; round++)
        {
            var all = new List<(string Tenant, ulong Series, long Time, DecimalValue Value)>();
            for (var batch = random.Next(1, 6); batch > 0; batch--)
            {
                var samples = new SampleBlock();
                for (var row = random.Next(2000); row > 0; row--)
                {
                    // In one minute whole numbers, decimals and raw values meet.
                    var value = DecimalValue.Encode(random.Next(4) switch { 0 => random.Next(100), 1 => random.Next(1000) / 100.0, 2 => -random.NextDouble(), _ => random.NextDouble() });
                    var sample = (Tenant: $"t{random.Next(3)}", Series: (ulong)random.Next(40), Time: random.NextInt64(1, 600_000), Value: value);
                    all.Add(sample);
                    samples.Tenant.Add(sample.Tenant);
                    samples.Series.Add(sample.Series);
                    samples.Time.Add(sample.Time);
                    samples.Value.Add(sample.Value);
                }

                sorter.Sort(samples, sorted);
                rollup.Add(sorted);
            }

            rollup.Take(minutes);
            Check(all, minutes);
        }
    }

    [Fact]
    public void A_sum_that_grows_too_large_goes_on_as_a_double()
    {
        var (samples, minutes) = (new SampleBlock(), new MinuteBlock());
        for (var i = 0; i < 100; i++)
        {
            samples.Tenant.Add("t");
            samples.Series.Add(1);
            samples.Time.Add(i);
            samples.Value.Add(-9e15);
        }

        using var rollup = new Rollup();
        rollup.Add(samples);
        rollup.Take(minutes);
        Assert.Equal(DecimalValue.RawScale, minutes.Scale.Values[0]);
        Assert.Equal(-9e17, minutes.RawSum.Values[0]);
        Assert.Equal(-9e15, BitConverter.Int64BitsToDouble(MinuteRow.Ordered(minutes.Min.Values[0])));
        Assert.Equal(100UL, minutes.Count.Values[0]);
    }

    [Fact]
    public void Sums_of_any_size_are_right()
    {
        var random = new Random(11);
        for (var round = 0; round < 60; round++)
        {
            // The largest that there are, of one sign or of both; by turns all of them, some, or few.
            var (sign, share) = (random.Next(3) - 1, random.Next(1, 4) / 3.0);
            var expected = new SortedDictionary<byte, List<long>>();
            using var rollup = new Rollup();
            var (sorter, sorted, minutes) = (new SampleSorter(), new SampleBlock(), new MinuteBlock());
            for (var batch = random.Next(1, 5); batch > 0; batch--)
            {
                var samples = new SampleBlock();
                for (var row = random.Next(4000); row > 0; row--)
                {
                    var mantissa = random.NextDouble() < share ? (1L << 53) - random.Next(1, 1000) : random.Next(1000);
                    var value = new DecimalValue(sign == 0 ? mantissa * (random.Next(2) * 2 - 1) : mantissa * sign, (byte)random.Next(4));
                    samples.Tenant.Add("t");
                    samples.Series.Add(1);
                    samples.Time.Add(random.Next(1, 60_001));
                    samples.Value.Add(value);
                    (expected.TryGetValue(value.Scale, out var mantissas) ? mantissas : expected[value.Scale] = []).Add(value.Mantissa);
                }

                sorter.Sort(samples, sorted);
                rollup.Add(sorted);
            }

            rollup.Take(minutes);
            Assert.Equal(expected.Count, minutes.Rows);
            foreach (var (row, (scale, mantissas)) in expected.Index())
                CheckSum(minutes, row, scale, mantissas);
        }
    }

    private static void CheckSum(MinuteBlock minutes, int row, byte scale, List<long> mantissas)
    {
        var sum = mantissas.Aggregate(BigInteger.Zero, (sum, mantissa) => sum + mantissa);
        var isRaw = BigInteger.Abs(sum) >= 1L << 53;
        Assert.Equal(isRaw ? DecimalValue.RawScale : scale, minutes.Scale.Values[row]);
        Assert.Equal((ulong)mantissas.Count, minutes.Count.Values[row]);
        Assert.Equal(isRaw ? 0 : (long)sum, minutes.Sum.Values[row]);
        var value = isRaw ? (double)sum / Math.Pow(10, scale) : 0;
        Assert.Equal(value, minutes.RawSum.Values[row], Math.Abs(value) * 1e-15);
        double Value(long ordered) => BitConverter.Int64BitsToDouble(MinuteRow.Ordered(ordered));
        Assert.Equal(mantissas.Min(), isRaw ? Value(minutes.Min.Values[row]) * Math.Pow(10, scale) : minutes.Min.Values[row], 1.0);
        Assert.Equal(mantissas.Max(), isRaw ? Value(minutes.Max.Values[row]) * Math.Pow(10, scale) : minutes.Max.Values[row], 1.0);
    }

    private static void Check(List<(string Tenant, ulong Series, long Time, DecimalValue Value)> samples, MinuteBlock minutes)
    {
        var expected = samples.GroupBy(s => (s.Tenant, s.Series, Minute: (uint)((s.Time - 1) / 60_000 * 60), s.Value.Scale)).ToDictionary(g => g.Key);
        Assert.Equal(expected.Count, minutes.Rows);
        for (var row = 0; row < minutes.Rows; row++)
        {
            var scale = minutes.Scale.Values[row];
            var group = expected[(Encoding.UTF8.GetString(minutes.Tenant[row]), minutes.Series.Values[row], minutes.Time.Values[row], scale)];
            double Value(long mantissa) => new DecimalValue(scale == DecimalValue.RawScale ? MinuteRow.Ordered(mantissa) : mantissa, scale).Value;
            Assert.Equal(group.Min(s => s.Value.Value), Value(minutes.Min.Values[row]));
            Assert.Equal(group.Max(s => s.Value.Value), Value(minutes.Max.Values[row]));
            Assert.Equal((ulong)group.Count(), minutes.Count.Values[row]);
            var sum = scale == DecimalValue.RawScale ? minutes.RawSum.Values[row] : Value(minutes.Sum.Values[row]);
            Assert.Equal(group.Sum(s => s.Value.Value), sum, 9);
        }
    }
}
