using System.Text;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tail;

/// <summary>Reads a block of logs row by row.</summary>
internal static class LogRows
{
    public static IEnumerable<(string Tenant, V1.LogRecord Record)> Of(LogBlock block)
    {
        var bodies = block.Body.ReadAll();
        var traces = block.TraceId.ReadAll();
        var spans = block.SpanId.ReadAll();
        var labels = block.Labels.ReadAll();
        for (var row = 0; row < block.Rows; row++)
        {
            var record = new V1.LogRecord
            {
                Time = UnixTime.Of(block.Time.Values[row]),
                Severity = (V1.LogSeverity)block.Severity.Values[row],
                Body = bodies[row],
                TraceId = traces[row],
                SpanId = spans[row],
            };
            record.Labels.AddRange(labels[row].Select(pair => new V1.Label { Name = pair.Key, Value = pair.Value }));
            yield return (Encoding.UTF8.GetString(block.Tenant[row]), record);
        }
    }
}
