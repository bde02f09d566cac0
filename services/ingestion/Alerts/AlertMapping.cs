using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Alerts;

/// <summary>Between the wire's policies and alerts and ours.</summary>
internal static class AlertMapping
{
    public static V1.AlertPolicy ToWire(this AlertPolicy policy)
    {
        var wire = policy.Spec.Clone();
        wire.Name = policy.Name.ToString();
        wire.CreateTime = Timestamp.FromDateTimeOffset(policy.CreateTime);
        wire.Etag = ETag.Of(policy.Revision);
        return wire;
    }

    public static V1.Alert ToWire(this Alert alert)
    {
        var wire = new V1.Alert
        {
            Name = new AlertName(alert.Tenant, alert.Uid).ToString(),
            Policy = new AlertPolicyName(alert.Tenant, alert.Policy).ToString(),
            State = alert.State,
            Severity = alert.Severity,
            Value = alert.Value,
            StartTime = Timestamp.FromDateTimeOffset(alert.StartTime),
            FireTime = alert.FireTime is { } fired ? Timestamp.FromDateTimeOffset(fired) : null,
            ResolveTime = alert.ResolveTime is { } resolved ? Timestamp.FromDateTimeOffset(resolved) : null,
            AcknowledgedBy = alert.AcknowledgedBy,
        };
        wire.Labels.Add(alert.Labels.Values);
        return wire;
    }

    /// <summary>What is kept of a policy that a caller sent, checked.</summary>
    public static V1.AlertPolicy Spec(V1.AlertPolicy wire)
    {
        var spec = wire.Clone();
        (spec.Name, spec.Etag, spec.CreateTime) = ("", "", null);
        switch (spec.ConditionCase)
        {
            case V1.AlertPolicy.ConditionOneofCase.Threshold:
                CheckSelector(spec.Threshold.Selector, "alert_policy.threshold.selector");
                if (spec.Threshold.Comparison == V1.AlertPolicy.Types.Comparison.Unspecified)
                    throw MeshException.InvalidArgument("alert_policy.threshold.comparison", "A comparison is required.");
                break;
            case V1.AlertPolicy.ConditionOneofCase.Absence:
                CheckSelector(spec.Absence.Selector, "alert_policy.absence.selector");
                if (spec.Absence.Window is null)
                    throw MeshException.InvalidArgument("alert_policy.absence.window", "A window is required.");
                break;
            default:
                throw MeshException.InvalidArgument("alert_policy.condition", "A condition is required.");
        }

        return spec;
    }

    /// <summary>The policy with the fields of the mask taken from the wire; without a mask, all that are set.</summary>
    public static V1.AlertPolicy Merge(V1.AlertPolicy before, V1.AlertPolicy wire, FieldMask? mask)
    {
        var spec = before.Clone();
        if (mask is not { Paths.Count: > 0 })
        {
            var given = wire.Clone();
            if (given.Labels.Count > 0)
                spec.Labels.Clear();
            spec.MergeFrom(given);
            return Spec(spec);
        }

        foreach (var path in mask.Paths)
        {
            switch (path)
            {
                case "display_name": spec.DisplayName = wire.DisplayName; break;
                case "severity": spec.Severity = wire.Severity; break;
                case "threshold": spec.Threshold = wire.Threshold; break;
                case "absence": spec.Absence = wire.Absence; break;
                case "hold_duration": spec.HoldDuration = wire.HoldDuration; break;
                case "keep_firing_duration": spec.KeepFiringDuration = wire.KeepFiringDuration; break;
                case "paused": spec.Paused = wire.Paused; break;
                case "labels":
                    spec.Labels.Clear();
                    spec.Labels.Add(wire.Labels);
                    break;
                default: throw MeshException.InvalidArgument("update_mask", $"`{path}` cannot be changed.");
            }
        }

        return Spec(spec);
    }

    private static void CheckSelector(string selector, string field)
    {
        if (Selector.Parse(selector, field).Matchers.Count == 0)
            throw MeshException.InvalidArgument(field, "A selector that names something is required.");
    }
}
