using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Mesh.Common.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Logging;

/// <summary>One JSON object a line on standard output. Written by one task of its own, so that a slow reader blocks nobody.</summary>
internal sealed class JsonLoggerProvider : ILoggerProvider
{
    private const int Capacity = 8192;

    private readonly ConcurrentDictionary<string, JsonLogger> _loggers = new(StringComparer.Ordinal);
    private readonly Channel<byte[]> _lines;
    private readonly Task _writing;
    private readonly MeshOptions _options;
    private readonly TimeProvider _time;
    private long _dropped;

    public JsonLoggerProvider(MeshOptions options, TimeProvider time) : this(options, time, Console.OpenStandardOutput()) { }

    internal JsonLoggerProvider(MeshOptions options, TimeProvider time, Stream output)
    {
        _options = options;
        _time = time;
        _lines = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Capacity) { SingleReader = true });
        _writing = Task.Run(() => WriteAsync(output));
    }

    public ILogger CreateLogger(string categoryName) => _loggers.GetOrAdd(categoryName, name => new JsonLogger(name, _options, _time, Write));

    /// <summary>Writes what is queued.</summary>
    public void Dispose()
    {
        _lines.Writer.TryComplete();
        _writing.Wait(TimeSpan.FromSeconds(2));
    }

    private void Write(ReadOnlySpan<byte> line)
    {
        if (!_lines.Writer.TryWrite(line.ToArray())) Interlocked.Increment(ref _dropped);
    }

    private async Task WriteAsync(Stream output)
    {
        var batch = new ArrayBufferWriter<byte>(16384);
        try
        {
            while (await _lines.Reader.WaitToReadAsync())
            {
                while (batch.WrittenCount < 64 * 1024 && _lines.Reader.TryRead(out var line)) batch.Write(line);
                if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                    JsonLogger.Format(batch, _options.Service, _time.GetUtcNow(), LogLevel.Warning, $"{dropped} log lines were dropped: the reader is too slow");
                await output.WriteAsync(batch.WrittenMemory);
                await output.FlushAsync();
                batch.ResetWrittenCount();
            }
        }
        catch (IOException)
        {
            // Nobody reads standard output any more.
        }
    }
}
