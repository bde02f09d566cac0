using System.Buffers.Binary;
using System.Numerics;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.RemoteRead;

/// <summary>
/// Encodes samples as Prometheus's XOR chunks (tsdb/docs/format/chunks.md, "XOR chunk data"): a count; the first time and
/// value plainly; then times as the change of their difference, in steps of 14, 17, 20 and 64 bits, and values as the bits
/// that changed, after Gorilla (Pelkonen et al., VLDB 2015, §4.1).
/// </summary>
public sealed class XorChunk : IDisposable
{
    /// <summary>As many samples as Prometheus itself puts into a chunk.</summary>
    public const int MaxSamples = 120;

    private const int NoWindow = 0xff;

    private readonly ByteBuffer _bytes = new(2048);
    private int _count;
    private int _free;
    private long _time;
    private long _delta;
    private ulong _value;
    private int _leading;
    private int _trailing;

    /// <summary>The chunk's bytes; valid until the next <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Span => _bytes.Span;

    public void Begin()
    {
        _bytes.Clear();
        _bytes.Take(2).Clear();
        (_count, _free, _leading) = (0, 0, NoWindow);
    }

    public void Add(long milliseconds, double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var delta = milliseconds - _time;
        switch (_count)
        {
            case 0:
                WriteVarint((ulong)((milliseconds << 1) ^ (milliseconds >> 63)));
                WriteBits(bits, 64);
                delta = 0;
                break;
            case 1:
                WriteVarint((ulong)delta);
                WriteChange(bits);
                break;
            default:
                WriteTime(delta - _delta);
                WriteChange(bits);
                break;
        }

        (_time, _delta, _value) = (milliseconds, delta, bits);
        BinaryPrimitives.WriteUInt16BigEndian(_bytes.At(0, 2), (ushort)++_count);
    }

    public void Dispose() => _bytes.Dispose();

    private void WriteTime(long change)
    {
        if (change == 0)
            WriteBits(0, 1);
        else if (Fits(change, 14))
            WriteBits((0b10UL << 14) | ((ulong)change & 0x3fff), 16);
        else if (Fits(change, 17))
            WriteBits((0b110UL << 17) | ((ulong)change & 0x1ffff), 20);
        else if (Fits(change, 20))
            WriteBits((0b1110UL << 20) | ((ulong)change & 0xfffff), 24);
        else
        {
            WriteBits(0b1111, 4);
            WriteBits((ulong)change, 64);
        }
    }

    // The range lies one higher than a signed number's.
    private static bool Fits(long change, int bits) => change >= -((1L << (bits - 1)) - 1) && change <= 1L << (bits - 1);

    private void WriteChange(ulong bits)
    {
        var change = bits ^ _value;
        if (change == 0)
        {
            WriteBits(0, 1);
            return;
        }

        var leading = Math.Min(BitOperations.LeadingZeroCount(change), 31);
        var trailing = BitOperations.TrailingZeroCount(change);
        if (_leading != NoWindow && leading >= _leading && trailing >= _trailing)
        {
            WriteBits(0b10, 2);
            WriteBits(change >> _trailing, 64 - _leading - _trailing);
            return;
        }

        (_leading, _trailing) = (leading, trailing);
        var length = 64 - leading - trailing;
        WriteBits(0b11, 2);
        WriteBits((ulong)leading, 5);
        // Six bits cannot say 64; 0 means it.
        WriteBits((ulong)length & 63, 6);
        WriteBits(change >> trailing, length);
    }

    private void WriteVarint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            WriteBits((value & 0x7f) | 0x80, 8);
        WriteBits(value, 8);
    }

    private void WriteBits(ulong value, int count)
    {
        while (count > 0)
        {
            if (_free == 0)
            {
                _bytes.WriteByte(0);
                _free = 8;
            }

            var taken = Math.Min(count, _free);
            var part = (value >> (count - taken)) & ((1UL << taken) - 1);
            _bytes.At(_bytes.Length - 1, 1)[0] |= (byte)(part << (_free - taken));
            count -= taken;
            _free -= taken;
        }
    }
}
