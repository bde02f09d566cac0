using Mesh.Ingestion.RemoteRead;
using Mesh.Ingestion.Tests.Receiving;

namespace Mesh.Ingestion.Tests.RemoteRead;

public sealed class XorChunkTests
{
    [Fact]
    public void What_was_encoded_is_read_back_to_the_bit()
    {
        var random = new Fuzz(5).Random;
        using var chunk = new XorChunk();
        for (var round = 0; round < 2_000; round++)
        {
            chunk.Begin();
            var (time, value) = (random.NextInt64(-5, 1_800_000_000_000), 0.0);
            var samples = new List<(long, double)>();
            for (var i = random.Next(1, XorChunk.MaxSamples + 1); i > 0; i--)
            {
                time += 1 + (random.Next(4) == 0 ? random.NextInt64(1L << random.Next(1, 40)) : 15_000);
                value = random.Next(6) switch
                {
                    0 => value,
                    1 => value + 1,
                    2 => BitConverter.Int64BitsToDouble(random.NextInt64()),
                    3 => BitConverter.Int64BitsToDouble(0x7ff0000000000002),
                    4 => double.NegativeInfinity,
                    _ => random.NextDouble(),
                };
                samples.Add((time, value));
                chunk.Add(time, value);
            }

            var read = new XorChunkReader(chunk.Span.ToArray()).ReadAll();
            Assert.Equal(samples.Select(Bits), read.Select(Bits));
        }
    }

    [Fact]
    public void The_steps_of_times_are_exact_at_their_ends()
    {
        using var chunk = new XorChunk();
        foreach (var bits in new[] { 14, 17, 20 })
        {
            foreach (var change in new[] { 1L << (bits - 1), (1L << (bits - 1)) + 1, -(1L << (bits - 1)) + 1, -(1L << (bits - 1)) })
            {
                chunk.Begin();
                long[] times = [0, 10_000_000, 20_000_000 + change];
                foreach (var time in times)
                    chunk.Add(time, 1);
                Assert.Equal(times, new XorChunkReader(chunk.Span.ToArray()).ReadAll().Select(sample => sample.Time));
            }
        }
    }

    private static (long, long) Bits((long Time, double Value) sample) => (sample.Time, BitConverter.DoubleToInt64Bits(sample.Value));
}
