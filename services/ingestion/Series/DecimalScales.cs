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
        ref var known = ref _scales[(int)series & (_scales.Length - 1)];
        if (DecimalValue.TryEncode(value, known, out var encoded))
            return encoded;

        encoded = DecimalValue.Encode(value);
        if (!encoded.IsRaw && encoded.Scale > known)
            known = encoded.Scale;
        return encoded;
    }
}
