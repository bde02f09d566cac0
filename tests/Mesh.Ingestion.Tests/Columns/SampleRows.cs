using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Columns;

/// <summary>Random rows for every table.</summary>
internal static class SampleRows
{
    public static void Fill(TelemetryBatch batch, Random random)
    {
        for (var i = random.Next(1, 20); i > 0; i--)
        {
            batch.Samples.Tenant.Add($"tenant-{random.Next(400)}");
            batch.Samples.Series.Add((ulong)random.NextInt64());
            batch.Samples.Time.Add(1_793_491_200_000 + random.Next(1_000_000));
            batch.Samples.Value.Add(random.NextDouble());
        }

        for (var i = random.Next(1, 5); i > 0; i--)
        {
            batch.Series.Id.Add((ulong)random.NextInt64());
            batch.Series.Tenant.Add("acme");
            batch.Series.Metric.Add($"metric_{random.Next(5)}");
            for (var label = random.Next(4); label > 0; label--)
                batch.Series.Labels.AddPair($"label{label}", $"value {random.Next(100)}");
            batch.Series.Labels.EndRow();
            batch.Series.Seen.Add(1_793_491_200);
        }

        for (var i = random.Next(1, 5); i > 0; i--)
        {
            batch.Logs.Tenant.Add("acme");
            batch.Logs.Time.Add(1_793_491_200_000_000_000 + random.Next());
            batch.Logs.Severity.Add((byte)random.Next(25));
            batch.Logs.Body.Add(new string('é', random.Next(300)));
            batch.Logs.Labels.EndRow();
            batch.Logs.TraceId.Add("");
            batch.Logs.SpanId.Add("");
        }
    }
}
