using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Tables;

public sealed class DecimalValueTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(12.5, 125, 1)]
    [InlineData(-0.003, -3, 3)]
    [InlineData(9007199254740991, 9007199254740991, 0)]
    [InlineData(1234567.89, 123456789, 2)]
    [InlineData(1e-9, 1, 9)]
    [InlineData(100, 100, 0)]
    public void A_decimal_is_its_digits(double value, long mantissa, byte scale) => Assert.Equal(new DecimalValue(mantissa, scale), DecimalValue.Encode(value));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-0.0)]
    [InlineData(0.30000000000000004)]
    [InlineData(9007199254740992)]
    [InlineData(double.MaxValue)]
    [InlineData(double.Epsilon)]
    [InlineData(1e300)]
    [InlineData(1e-30)]
    public void What_is_no_short_decimal_stands_as_its_bits(double value)
    {
        var encoded = DecimalValue.Encode(value);
        Assert.True(encoded.IsRaw);
        Assert.Equal(BitConverter.DoubleToInt64Bits(value), encoded.Mantissa);
    }

    [Fact]
    public void Every_value_reads_back_as_the_same_bits()
    {
        var (random, scales) = (new Random(3), new DecimalScales(slots: 16));
        for (var i = 0; i < 300_000; i++)
        {
            var value = (i % 5) switch
            {
                0 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
                1 => Math.Round(random.NextDouble() * 1e6, random.Next(10)),
                2 => random.NextInt64(-(1L << 54), 1L << 54),
                3 => random.NextDouble(),
                _ => double.Parse($"{random.Next()}.{random.Next()}e{random.Next(-20, 20)}", System.Globalization.CultureInfo.InvariantCulture),
            };
            foreach (var encoded in new[] { DecimalValue.Encode(value), scales.Encode((ulong)random.Next(40), value) })
                Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(encoded.Value));
        }
    }

    [Fact]
    public void A_series_keeps_the_scale_that_it_has_shown()
    {
        var scales = new DecimalScales();
        Assert.Equal(0, scales.Encode(7, 3).Scale);
        Assert.Equal(2, scales.Encode(7, 3.25).Scale);
        Assert.Equal(new DecimalValue(350, 2), scales.Encode(7, 3.5));
        Assert.Equal(new DecimalValue(400, 2), scales.Encode(7, 4));
        Assert.Equal(0, scales.Encode(8, 4).Scale);
    }
}
