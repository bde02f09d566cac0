namespace Mesh.Ingestion.Tables;

/// <summary>
/// A double as a whole number and how many of its digits are decimals: 12.5 is 125 and 1. It is only used where dividing gives the
/// very same bits again; any other value (NaN, infinities, negative zero, 17 digits) stands as its raw bits under the scale
/// <see cref="RawScale"/>. Metrics are decimal by nature, and differences of whole numbers are stored in few bits.
/// </summary>
public readonly record struct DecimalValue(long Mantissa, byte Scale)
{
    public const byte MaxScale = 18;
    public const byte RawScale = 255;

    // Below this every whole number is a double of its own.
    private const double MaxMantissa = 1L << 53;

    // Where the search begins there is room for the product's own error.
    private const double SearchMantissa = 1L << 50;

    private static readonly double[] s_powers = [.. Enumerable.Range(0, MaxScale + 1).Select(n => (double)(long)Math.Pow(10, n))];

    public bool IsRaw => Scale == RawScale;

    public double Value => IsRaw ? BitConverter.Int64BitsToDouble(Mantissa) : Mantissa / s_powers[Scale];

    /// <summary>What a whole number of this scale is divided by.</summary>
    public static double PowerOf(byte scale) => s_powers[scale];

    public static bool TryEncode(double value, byte scale, out DecimalValue encoded)
    {
        // Most values are whole: they need no division.
        if (scale == 0)
        {
            var whole = (long)value;
            encoded = new DecimalValue(whole, 0);
            return Math.Abs(value) < MaxMantissa && BitConverter.DoubleToInt64Bits(whole) == BitConverter.DoubleToInt64Bits(value);
        }

        var power = s_powers[scale];
        var rounded = Math.Round(value * power);
        if (!(Math.Abs(rounded) < MaxMantissa))
        {
            encoded = default;
            return false;
        }

        var mantissa = (long)rounded;
        encoded = new DecimalValue(mantissa, scale);
        return BitConverter.DoubleToInt64Bits(mantissa / power) == BitConverter.DoubleToInt64Bits(value);
    }

    /// <summary>The form with the fewest decimals.</summary>
    public static DecimalValue Encode(double value)
    {
        if (TryEncode(value, 0, out var encoded))
            return encoded;

        // Whatever has few decimals has many too: one look at the finest scale tells that there is none.
        var scale = MaxScale;
        while (scale > 0 && Math.Abs(value) * s_powers[scale] > SearchMantissa)
            scale--;
        if (scale == 0 || !TryEncode(value, scale, out encoded))
            return new DecimalValue(BitConverter.DoubleToInt64Bits(value), RawScale);
        while (TryEncode(value, (byte)(scale - 1), out var shorter))
            (encoded, scale) = (shorter, (byte)(scale - 1));
        return encoded;
    }
}
