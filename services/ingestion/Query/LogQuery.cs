using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Query;

/// <summary>A search in logs, checked. Times are nanoseconds since 1970.</summary>
public sealed record LogQuery(
    string Tenant, Selector Selector, string Contains, long Start, long End, int Severity, int Limit, bool NewestFirst)
{
    private const long Hour = 3_600_000_000_000;

    public static LogQuery Parse(V1.SearchLogsRequest request, TimeProvider time)
    {
        if (!System.Enum.IsDefined(request.Severity))
            throw MeshException.InvalidArgument("severity", "This severity is not known.");
        var (start, end) = RangeOf(request.StartTime, request.EndTime, time);
        return new LogQuery(
            TenantName.Parse(request.Parent, "parent").Tenant,
            Selector.Parse(request.Selector, "selector"),
            request.Contains, start, end, (int)request.Severity,
            MetricQuery.LimitOf(request.Limit, 1_000, 100_000),
            request.NewestFirst);
    }

    /// <summary>The range of a request; without a start, the hour before its end; without an end, up to now.</summary>
    public static (long Start, long End) RangeOf(Timestamp? startTime, Timestamp? endTime, TimeProvider time)
    {
        // A writer's clock may run a little ahead of this one, and its newest records count as now.
        var end = endTime is null ? UnixTime.Nanoseconds(time) + Hour / 6 : UnixTime.Nanoseconds(endTime);
        var start = startTime is null ? end - Hour : UnixTime.Nanoseconds(startTime);
        return start <= end ? (start, end) : throw MeshException.InvalidArgument("start_time", "The start must not lie behind the end.");
    }
}
