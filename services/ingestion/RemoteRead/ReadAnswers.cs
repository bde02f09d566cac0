using System.Buffers.Binary;
using Mesh.Common.Errors;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Snappy;

namespace Mesh.Ingestion.RemoteRead;

/// <summary>One message with all samples, `prometheus.ReadResponse`, packed with snappy. It is gathered, hence bounded.</summary>
internal sealed class SampledAnswer : IDisposable
{
    private const int MaxBytes = 128 << 20;

    private readonly ByteBuffer _response = new(1 << 16);
    private readonly ByteBuffer _result = new(1 << 16);
    private readonly ByteBuffer _series = new(1 << 16);

    public void Add(ReadSeries series)
    {
        _series.Clear();
        SeriesLabels.Write(series, _series);
        for (var i = 0; i < series.Times.Count; i++)
        {
            _series.WriteHeader(2, 10 + WireWriter.SizeOf(series.Times[i]));
            _series.WriteField(1, series.Values[i]);
            _series.WriteField(2, series.Times[i]);
        }

        _result.WriteField(1, _series.Span);
        if (_result.Length + _response.Length > MaxBytes)
            throw MeshException.OutOfRange("TOO_MANY_SAMPLES", "The answer is too large. Ask for less time or fewer series, or take streamed chunks.");
    }

    public void EndQuery()
    {
        _response.WriteField(1, _result.Span);
        _result.Clear();
    }

    public ByteBuffer Pack()
    {
        var packed = new ByteBuffer(_response.Length / 2 + 64);
        new SnappyEncoder().Encode(_response.Span, packed);
        return packed;
    }

    public void Dispose()
    {
        _response.Dispose();
        _result.Dispose();
        _series.Dispose();
    }
}

/// <summary>
/// Frames of `prometheus.ChunkedReadResponse` (prompb/remote.proto, STREAMED_XOR_CHUNKS): the message's length as a varint, its
/// CRC-32C big-endian, the message. A frame holds chunks of one series; a long series has several.
/// </summary>
internal sealed class ChunkedAnswer : IDisposable
{
    private const int FrameBytes = 1 << 20;
    private const long XorEncoding = 1;

    private readonly XorChunk _chunk = new();
    private readonly ByteBuffer _part = new();
    private readonly ByteBuffer _series = new(1 << 16);
    private readonly ByteBuffer _message = new(1 << 16);

    /// <summary>Writes all frames of a series.</summary>
    public void Write(ReadSeries series, int query, ByteBuffer target)
    {
        for (var start = 0; start < series.Times.Count;)
        {
            _series.Clear();
            SeriesLabels.Write(series, _series);
            for (; start < series.Times.Count && _series.Length < FrameBytes; start += XorChunk.MaxSamples)
                WriteChunk(series, start, Math.Min(start + XorChunk.MaxSamples, series.Times.Count));
            _message.Clear();
            _message.WriteField(1, _series.Span);
            _message.WriteField(2, query);

            target.WriteVarint((ulong)_message.Length);
            BinaryPrimitives.WriteUInt32BigEndian(target.Take(4), Crc32C.Compute(_message.Span));
            target.Write(_message.Span);
        }
    }

    public void Dispose()
    {
        _chunk.Dispose();
        _part.Dispose();
        _series.Dispose();
        _message.Dispose();
    }

    private void WriteChunk(ReadSeries series, int start, int end)
    {
        _chunk.Begin();
        for (var i = start; i < end; i++)
            _chunk.Add(series.Times[i], series.Values[i]);
        _part.Clear();
        _part.WriteField(1, series.Times[start]);
        _part.WriteField(2, series.Times[end - 1]);
        _part.WriteField(3, XorEncoding);
        _part.WriteField(4, _chunk.Span);
        _series.WriteField(2, _part.Span);
    }
}

/// <summary>The labels of a series as both answers have them.</summary>
file static class SeriesLabels
{
    public static void Write(ReadSeries series, ByteBuffer target)
    {
        foreach (var (name, value) in series.Labels)
        {
            target.WriteHeader(1, 2 + WireWriter.SizeOf(name.Length) + name.Length + WireWriter.SizeOf(value.Length) + value.Length);
            target.WriteField(1, name);
            target.WriteField(2, value);
        }
    }
}
