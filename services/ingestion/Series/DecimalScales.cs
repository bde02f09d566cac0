using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Series;

/// <summary>
/// Remembers how many decimals each series has shown, so that its values keep one scale and their differences stay small. One byte
/// a slot, without a lock: series that share a slot share the larger scale, which costs bytes and never a value.
/// </summary>
public sealed class DecimalScales(int slots = 1 << 22)
{
    private readonly byte[] _scales = new byte[slots];

    /// <summary>Brings a value of a series into decimal form; it reads back as the same bits.</summary>
    public DecimalValue Encode(ulong series, double value)
    {
        return Encode(ref _scales[(int)series & (_scales.Length - 1)], value);
    }

    /// <summary>The same for whoever keeps a series' scale himself, where he has the rest of it.</summary>
    public static DecimalValue Encode(ref byte known, double value)
    {
        if (DecimalValue.TryEncode(value, known, out var encoded))
            return encoded;

        encoded = DecimalValue.Encode(value);
        if (!encoded.IsRaw && encoded.Scale > known)
            known = encoded.Scale;
        return encoded;
    }
}
