namespace Mesh.Ingestion.Tests.RemoteRead;

/// <summary>Reads a chunk back, bit by bit, as Prometheus's format document says.</summary>
internal sealed class XorChunkReader(byte[] bytes)
{
    private int _bit = 16;

    public List<(long Time, double Value)> ReadAll()
    {
        var samples = new List<(long, double)>();
        var (time, delta, value, leading, trailing) = (0L, 0L, 0UL, 0, 0);
        for (var count = (bytes[0] << 8) | bytes[1]; samples.Count < count;)
        {
            if (samples.Count == 0)
            {
                var zigzag = ReadVarint();
                time = (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
                value = Read(64);
            }
            else
            {
                delta = samples.Count == 1 ? (long)ReadVarint() : delta + ReadChange();
                time += delta;
                if (Read(1) == 1)
                {
                    if (Read(1) == 1)
                    {
                        leading = (int)Read(5);
                        var length = (int)Read(6);
                        trailing = 64 - leading - (length == 0 ? 64 : length);
                    }

                    value ^= Read(64 - leading - trailing) << trailing;
                }
            }

            samples.Add((time, BitConverter.UInt64BitsToDouble(value)));
        }

        return samples;
    }

    private long ReadChange()
    {
        var ones = 0;
        while (ones < 4 && Read(1) == 1)
            ones++;
        if (ones == 0)
            return 0;
        if (ones == 4)
            return (long)Read(64);
        var size = ones switch { 1 => 14, 2 => 17, _ => 20 };
        var bits = (long)Read(size);
        return bits > 1L << (size - 1) ? bits - (1L << size) : bits;
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = Read(8);
            value |= (part & 0x7f) << shift;
            if (part < 0x80)
                return value;
        }
    }

    private ulong Read(int count)
    {
        var value = 0UL;
        for (; count > 0; count--, _bit++)
            value = (value << 1) | ((uint)bytes[_bit / 8] >> (7 - _bit % 8) & 1);
        return value;
    }
}
