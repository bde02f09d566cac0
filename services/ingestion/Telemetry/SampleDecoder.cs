using Google.Protobuf.Collections;
using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Telemetry;

/// <summary>Brings the three columns of a batch's samples into the block, with each number replaced by its series' id.</summary>
internal static class SampleDecoder
{
    public static void Decode(V1.Samples samples, StreamSeries series, BatchBuilder target)
    {
        var (refs, deltas, values) = (samples.SeriesRefs, samples.TimeDeltasMillis, samples.Values);
        if (refs.Count != deltas.Count || refs.Count != values.Count)
            throw MeshException.InvalidArgument("COLUMNS_DIFFER", "batch.samples", "The columns series_refs, time_deltas_millis and values must have the same length.");

        // The rate is taken for runs of one tenant: a token for each sample would cost more than the sample.
        var time = 0L;
        for (var start = 0; start < refs.Count;)
        {
            var end = EndOfRun(refs, series, start, out var tenant);
            var allowed = tenant is null ? 0 : target.TakeRate(tenant, end - start);
            if (tenant is null)
                RefuseUnknown(refs[start], end - start, target.Rejections);
            else if (allowed < end - start)
                Name(series[refs[start + allowed]], series, target.Rejections);
            for (; start < end; start++)
            {
                time = unchecked(time + deltas[start]);
                if (allowed-- > 0)
                    Add(ref series[refs[start]], series, tenant!, time, values[start], target);
            }

            if (tenant is not null)
                target.GiveSamples(tenant);
        }
    }

    private static int EndOfRun(RepeatedField<uint> refs, StreamSeries series, int start, out string? tenant)
    {
        ref var first = ref series[refs[start]];
        var (known, number) = (first.Id != 0, first.Tenant);
        tenant = known ? series.TenantOf(first) : null;
        var end = start + 1;
        for (; end < refs.Count; end++)
        {
            ref var entry = ref series[refs[end]];
            if (entry.Id != 0 != known || (known && entry.Tenant != number))
                break;
        }

        return end;
    }

    private static void Add(ref StreamSeries.Entry entry, StreamSeries series, string tenant, long time, double value, BatchBuilder target)
    {
        // A stream that lives over midnight writes its series' rows of the new day.
        if (entry.Day != target.Window.Day)
        {
            if (!target.EnsureRow(entry.Id, series.FormOf(entry), tenant))
            {
                Name(entry, series, target.Rejections);
                return;
            }

            entry.Day = target.Window.Day;
        }

        if (!target.Sample(entry.Id, time, value, ref entry.Scale))
            Name(entry, series, target.Rejections);
    }

    private static void RefuseUnknown(uint number, int count, Rejections rejections)
    {
        rejections.Add(RejectionReason.UnknownSeriesRef, count);
        if (!rejections.IsNamed)
            rejections.Name($"series_ref {number}");
    }

    private static void Name(in StreamSeries.Entry entry, StreamSeries series, Rejections rejections)
    {
        if (!rejections.IsNamed)
            rejections.Name(SeriesText.Of(series.FormOf(entry)));
    }
}
