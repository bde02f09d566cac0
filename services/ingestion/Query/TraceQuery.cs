using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Query;

/// <summary>A search for traces, checked. Times and the duration are in nanoseconds.</summary>
public sealed record TraceQuery(string Tenant, string Service, long MinDuration, bool ErrorsOnly, long Start, long End, int Limit)
{
    public static TraceQuery Parse(V1.SearchTracesRequest request, TimeProvider time)
    {
        var (start, end) = LogQuery.RangeOf(request.StartTime, request.EndTime, time);
        var duration = request.MinDuration is { } least ? least.Seconds * 1_000_000_000 + least.Nanos : 0;
        if (duration < 0)
            throw MeshException.InvalidArgument("min_duration", "The duration must not be negative.");
        return new TraceQuery(
            TenantName.Parse(request.Parent, "parent").Tenant, request.Service, duration, request.ErrorsOnly, start, end,
            MetricQuery.LimitOf(request.Limit, 20, 1_000));
    }
}
