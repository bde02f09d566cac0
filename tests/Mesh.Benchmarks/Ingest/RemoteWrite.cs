using System.Buffers.Binary;
using System.Text;

namespace Mesh.Benchmarks.Ingest;

/// <summary>Makes Prometheus remote-write requests: a WriteRequest in protobuf's form, compressed.</summary>
internal sealed class RemoteWrite
{
    private readonly SnappyBlock _snappy = new();
    private byte[] _request = new byte[1 << 20];
    private byte[] _compressed = [];
    private int _length;

    public void Clear() => _length = 0;

    /// <summary>Adds one sample of one series, as a message of its own field.</summary>
    public void Add(HostFleet.Series series, string instance, long milliseconds, double value)
    {
        if (_length + 4096 > _request.Length)
            Array.Resize(ref _request, _request.Length * 2);
        Span<byte> labels = stackalloc byte[2048];
        var (length, placed) = (0, false);
        foreach (var (name, text) in series.Labels)
        {
            if (!placed && string.CompareOrdinal("instance", name) < 0)
            {
                length += Label("instance", instance, labels[length..]);
                placed = true;
            }

            length += Label(name, text, labels[length..]);
        }

        Span<byte> sample = stackalloc byte[24];
        sample[0] = 9; // value, a double
        BinaryPrimitives.WriteDoubleLittleEndian(sample[1..], value);
        sample[9] = 16; // timestamp, a varint
        var sampleLength = 10 + Varint((ulong)milliseconds, sample[10..]);

        _request[_length++] = 10; // timeseries
        _length += Varint((ulong)(length + 2 + sampleLength), _request.AsSpan(_length));
        labels[..length].CopyTo(_request.AsSpan(_length));
        _length += length;
        _request[_length++] = 18; // samples
        _request[_length++] = (byte)sampleLength;
        sample[..sampleLength].CopyTo(_request.AsSpan(_length));
        _length += sampleLength;
    }

    /// <summary>The compressed request; valid until the next.</summary>
    public ReadOnlySpan<byte> Compress()
    {
        if (_compressed.Length < SnappyBlock.MaxLength(_length))
            _compressed = new byte[SnappyBlock.MaxLength(_request.Length)];
        return _compressed.AsSpan(0, _snappy.Compress(_request.AsSpan(0, _length), _compressed));
    }

    private static int Label(string name, string value, Span<byte> output)
    {
        var (names, values) = (Encoding.UTF8.GetByteCount(name), Encoding.UTF8.GetByteCount(value));
        (output[0], output[1], output[2], output[3]) = (10, (byte)(names + values + 4), 10, (byte)names);
        Encoding.UTF8.GetBytes(name, output[4..]);
        (output[4 + names], output[5 + names]) = (18, (byte)values);
        Encoding.UTF8.GetBytes(value, output[(6 + names)..]);
        return 6 + names + values;
    }

    private static int Varint(ulong value, Span<byte> output)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
            output[length++] = (byte)(value | 0x80);
        output[length] = (byte)value;
        return length + 1;
    }
}
