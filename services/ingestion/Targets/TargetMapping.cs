using System.Text;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Targets;

/// <summary>Between the wire's targets and ours.</summary>
internal static class TargetMapping
{
    private const int MaxLabels = 32;
    private const long MaxInterval = 24 * 3600 * 1000;

    public static V1.Target ToWire(this Target target)
    {
        var wire = new V1.Target
        {
            Name = target.Name.ToString(),
            Kind = target.Kind,
            Address = target.Address,
            Interval = Duration.FromTimeSpan(target.Interval),
            Paused = target.Paused,
            State = target.State,
            LastError = target.LastError,
            LastScrapeTime = target.LastScrapeTime is { } time ? Timestamp.FromDateTimeOffset(time) : null,
            CreateTime = Timestamp.FromDateTimeOffset(target.CreateTime),
            Etag = ETag.Of(target.Revision),
        };
        wire.Labels.Add(target.Labels.Values);
        return wire;
    }

    public static Target FromWire(V1.Target wire, TargetName name) => Check(new Target
    {
        Tenant = name.Tenant,
        Id = name.Id,
        Kind = wire.Kind,
        Address = wire.Address,
        IntervalMilliseconds = IntervalOf(wire),
        Labels = new TargetLabels(new Dictionary<string, string>(wire.Labels)),
        Paused = wire.Paused,
    });

    /// <summary>The target with the fields of the mask taken from the wire; without a mask, those that are set.</summary>
    public static Target Merge(Target target, V1.Target wire, FieldMask? mask)
    {
        var paths = mask is { Paths.Count: > 0 }
            ? mask.Paths.ToHashSet(StringComparer.Ordinal)
            : SetFields(wire).ToHashSet(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            target = path switch
            {
                "kind" => target with { Kind = wire.Kind },
                "address" => target with { Address = wire.Address },
                "interval" => target with { IntervalMilliseconds = IntervalOf(wire) },
                "labels" => target with { Labels = new TargetLabels(new Dictionary<string, string>(wire.Labels)) },
                "paused" => target with { Paused = wire.Paused },
                _ => throw MeshException.InvalidArgument("update_mask", $"`{path}` cannot be changed."),
            };
        }

        return Check(target);
    }

    private static IEnumerable<string> SetFields(V1.Target wire)
    {
        if (wire.Kind != V1.Target.Types.Kind.Unspecified) yield return "kind";
        if (wire.Address.Length > 0) yield return "address";
        if (wire.Interval is not null) yield return "interval";
        if (wire.Labels.Count > 0) yield return "labels";
        if (wire.Paused) yield return "paused";
    }

    private static long IntervalOf(V1.Target wire) =>
        wire.Interval is null ? Target.DefaultInterval : wire.Interval.Seconds * 1000 + wire.Interval.Nanos / 1_000_000;

    private static Target Check(Target target)
    {
        if (target.Kind == V1.Target.Types.Kind.Unspecified)
            throw MeshException.InvalidArgument("target.kind", "A kind is required.");
        if (!System.Enum.IsDefined(target.Kind))
            throw MeshException.InvalidArgument("target.kind", "This kind is not known.");
        if (!Uri.TryCreate(target.Address, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw MeshException.InvalidArgument("target.address", "The address must be an http or https URL.");
        if (address.UserInfo.TrimEnd(':').Contains(':', StringComparison.Ordinal))
            throw MeshException.InvalidArgument("target.address", "The address must hold no password: all who view the target would read it.");
        if (target.IntervalMilliseconds is < 1000 or > MaxInterval)
            throw MeshException.InvalidArgument("target.interval", "The interval must lie between a second and a day.");
        if (target.Labels.Values.Count > MaxLabels || target.Labels.Values.Any(label => !IsLabel(label.Key, label.Value)))
            throw MeshException.InvalidArgument("target.labels", "At most 32 labels, with names of letters, digits and underscores that do not begin with two underscores.");
        return target;
    }

    private static bool IsLabel(string name, string value) =>
        Names.IsLabel(Encoding.UTF8.GetBytes(name)) && !name.StartsWith("__", StringComparison.Ordinal) && Encoding.UTF8.GetByteCount(value) <= SeriesBuilder.MaxLabelValueBytes;
}
