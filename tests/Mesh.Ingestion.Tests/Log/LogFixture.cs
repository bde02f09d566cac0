using System.Text;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Tests.Log;

/// <summary>Writes and reads logs as tests need it.</summary>
internal static class LogFixture
{
    public static readonly LogOptions Options = new() { MinFreeBytes = 0, SegmentBytes = 4096, BatchAge = TimeSpan.FromDays(1) };

    public static WriteAheadLog Open(string folder, LogOptions? options = null, long checkpoint = 0) =>
        new(folder, checkpoint, options ?? Options, TimeProvider.System);

    public static LogRecord Record(string text, int rows = 1)
    {
        var record = new LogRecord { Rows = rows };
        record.Bytes.Write(Encoding.UTF8.GetBytes(text));
        return record;
    }

    public static async Task AppendAsync(WriteAheadLog log, params IEnumerable<string> texts)
    {
        var waits = new List<Task>();
        foreach (var text in texts)
        {
            var record = Record(text);
            log.TryAppend(record);
            waits.Add(record.Durable);
        }

        await Task.WhenAll(waits);
    }

    public static List<string> ReadAll(WriteAheadLog log, long from = 0)
    {
        using var reader = new LogReader(log, from);
        var texts = new List<string>();
        while (reader.TryRead())
            texts.Add(Encoding.UTF8.GetString(reader.Payload));
        return texts;
    }
}
