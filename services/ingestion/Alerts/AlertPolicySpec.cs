using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Scans;
using Condition = Mesh.Ingestion.V1.AlertPolicy.ConditionOneofCase;

namespace Mesh.Ingestion.Alerts;

/// <summary>What callers say about a policy: checked, and joined with what was before.</summary>
internal static class AlertPolicySpec
{
    private const int MaxLabels = 32, MaxPattern = 4096, MinSecret = 16, MaxSecret = 256, MaxUrl = 2048;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1), Month = TimeSpan.FromDays(31);

    /// <summary>What is kept of a policy that a caller sent.</summary>
    public static V1.AlertPolicy Parse(V1.AlertPolicy wire)
    {
        var spec = wire.Clone();
        (spec.Name, spec.Etag, spec.CreateTime, spec.EvaluateTime, spec.EvaluationError) = ("", "", null, null, "");
        if (!System.Enum.IsDefined(spec.Severity))
            throw Wrong("severity", "This severity is not known.");
        CheckSpan(spec.HoldDuration, "hold_duration", Month, orZero: true);
        CheckSpan(spec.KeepFiringDuration, "keep_firing_duration", Month, orZero: true);
        if (spec.Labels.Count > MaxLabels || spec.Labels.Any(label => label.Key.Length is 0 or > 128 || label.Value.Length > 1024))
            throw Wrong("labels", $"At most {MaxLabels} labels with names of 1 to 128 and values of up to 1,024 characters are allowed.");
        CheckCondition(spec);
        CheckWebhook(spec.Webhook);
        return spec;
    }

    /// <summary>The policy with the fields of the mask taken from the wire; without a mask, all that are set.</summary>
    public static V1.AlertPolicy Merge(V1.AlertPolicy before, V1.AlertPolicy wire, FieldMask? mask)
    {
        var spec = before.Clone();
        if (mask is not { Paths.Count: > 0 })
        {
            // Labels, condition and webhook are values: they are replaced, not mixed.
            if (wire.Labels.Count > 0)
                spec.Labels.Clear();
            if (wire.ConditionCase != Condition.None)
                spec.ClearCondition();
            if (wire.Webhook is not null)
                spec.Webhook = null;
            spec.MergeFrom(wire);
            return Parse(spec);
        }

        foreach (var path in mask.Paths)
        {
            switch (path)
            {
                case "display_name": spec.DisplayName = wire.DisplayName; break;
                case "severity": spec.Severity = wire.Severity; break;
                case "threshold": spec.Threshold = wire.Threshold; break;
                case "absence": spec.Absence = wire.Absence; break;
                case "ratio": spec.Ratio = wire.Ratio; break;
                case "log_match": spec.LogMatch = wire.LogMatch; break;
                case "finding_match": spec.FindingMatch = wire.FindingMatch; break;
                case "webhook": spec.Webhook = wire.Webhook?.Clone(); break;
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

        return Parse(spec);
    }

    private static void CheckCondition(V1.AlertPolicy spec)
    {
        switch (spec.ConditionCase)
        {
            case Condition.Threshold:
                CheckSelector(spec.Threshold.Selector, "threshold.selector");
                CheckSpan(spec.Threshold.Window, "threshold.window", Month);
                CheckComparison(spec.Threshold.Comparison, spec.Threshold.Value, "threshold");
                break;
            case Condition.Absence:
                CheckSelector(spec.Absence.Selector, "absence.selector");
                CheckRequiredSpan(spec.Absence.Window, "absence.window", Month);
                break;
            case Condition.Ratio:
                CheckSelector(spec.Ratio.Numerator, "ratio.numerator");
                CheckSelector(spec.Ratio.Denominator, "ratio.denominator");
                CheckSpan(spec.Ratio.Window, "ratio.window", Month);
                CheckComparison(spec.Ratio.Comparison, spec.Ratio.Value, "ratio");
                CheckGroups(spec.Ratio.By, "ratio.by");
                break;
            case Condition.LogMatch:
                Selector.Parse(spec.LogMatch.Selector, "alert_policy.log_match.selector");
                CheckRequiredSpan(spec.LogMatch.Window, "log_match.window", Day);
                CheckPattern(spec.LogMatch.Pattern, "log_match.pattern");
                CheckGroups(spec.LogMatch.By, "log_match.by");
                if (!System.Enum.IsDefined(spec.LogMatch.Severity))
                    throw Wrong("log_match.severity", "This severity is not known.");
                if (spec.LogMatch.MinCount < 0)
                    throw Wrong("log_match.min_count", "The count must not be negative.");
                break;
            case Condition.FindingMatch:
                CheckFindings(spec.FindingMatch);
                break;
            default:
                throw Wrong("condition", "A condition is required.");
        }
    }

    private static void CheckFindings(V1.AlertPolicy.Types.FindingMatch match)
    {
        if (!System.Enum.IsDefined(match.Severity))
            throw Wrong("finding_match.severity", "This severity is not known.");
        if (match.App.Length > 0)
            AppName.CheckId(match.App, "alert_policy.finding_match.app");
        if (match.MinCount < 0)
            throw Wrong("finding_match.min_count", "The count must not be negative.");
        CheckGroups(match.By, "finding_match.by");
        if (match.By.Any(label => !FindingStore.Labels.Contains(label)))
            throw Wrong("finding_match.by", $"Groups are made by {string.Join(", ", FindingStore.Labels)}.");
    }

    private static void CheckWebhook(V1.AlertPolicy.Types.Webhook? webhook)
    {
        if (webhook is null)
            return;
        if (webhook.Url.Length > MaxUrl || !Uri.TryCreate(webhook.Url, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.UserInfo.Length > 0)
            throw Wrong("webhook.url", "An absolute http or https URL without user information is required.");
        if (webhook.Secret.Length is not 0 and (< MinSecret or > MaxSecret))
            throw Wrong("webhook.secret", $"A secret has {MinSecret} to {MaxSecret} characters.");
    }

    private static void CheckSelector(string selector, string field)
    {
        if (Selector.Parse(selector, "alert_policy." + field).Matchers.Count == 0)
            throw Wrong(field, "A selector that names something is required.");
    }

    private static void CheckComparison(V1.AlertPolicy.Types.Comparison comparison, double value, string field)
    {
        if (comparison is not (V1.AlertPolicy.Types.Comparison.Above or V1.AlertPolicy.Types.Comparison.Below))
            throw Wrong(field + ".comparison", "A comparison is required.");
        if (!double.IsFinite(value))
            throw Wrong(field + ".value", "The number must be finite.");
    }

    private static void CheckGroups(RepeatedField<string> by, string field)
    {
        if (by.Count > MaxLabels || by.Any(label => label.Length is 0 or > 128) || by.Distinct(StringComparer.Ordinal).Count() != by.Count)
            throw Wrong(field, $"At most {MaxLabels} different labels with names of 1 to 128 characters are allowed.");
    }

    private static void CheckPattern(string pattern, string field)
    {
        if (pattern.Length > MaxPattern)
            throw Wrong(field, $"A pattern has at most {MaxPattern} characters.");
        if (Patterns.TryParse(pattern, out var why) is null)
            throw Wrong(field, "This is no regular expression that is understood here: " + why);
    }

    private static void CheckRequiredSpan(Duration? span, string field, TimeSpan longest) =>
        CheckSpan(span ?? throw Wrong(field, "A window is required."), field, longest);

    private static void CheckSpan(Duration? span, string field, TimeSpan longest, bool orZero = false)
    {
        if (span is null)
            return;
        var seconds = span.Seconds + span.Nanos / 1e9;
        if (seconds < 0 || (seconds == 0 && !orZero) || seconds > longest.TotalSeconds)
            throw Wrong(field, $"It must be {(orZero ? "at least 0" : "more than 0")} and at most {longest.TotalHours:0} hours.");
    }

    private static MeshException Wrong(string field, string description) => MeshException.InvalidArgument("alert_policy." + field, description);
}
