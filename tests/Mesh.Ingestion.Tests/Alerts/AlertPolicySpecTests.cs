using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Ingestion.Alerts;
using Comparison = Mesh.Ingestion.V1.AlertPolicy.Types.Comparison;

namespace Mesh.Ingestion.Tests.Alerts;

public sealed class AlertPolicySpecTests
{
    private static readonly Duration Minute = Duration.FromTimeSpan(TimeSpan.FromMinutes(1));

    public static TheoryData<string, V1.AlertPolicy> Wrong => new()
    {
        { "alert_policy.condition", new() },
        { "alert_policy.ratio.numerator", new() { Ratio = new() { Denominator = "a", Comparison = Comparison.Above } } },
        { "alert_policy.ratio.comparison", new() { Ratio = new() { Numerator = "a", Denominator = "a" } } },
        { "alert_policy.ratio.by", new() { Ratio = new() { Numerator = "a", Denominator = "a", Comparison = Comparison.Above, By = { "x", "x" } } } },
        { "alert_policy.log_match.window", new() { LogMatch = new() { Contains = "x" } } },
        { "alert_policy.log_match.pattern", new() { LogMatch = new() { Window = Minute, Pattern = "(" } } },
        { "alert_policy.log_match.pattern", new() { LogMatch = new() { Window = Minute, Pattern = "(a)\\1" } } },
        { "alert_policy.log_match.pattern", new() { LogMatch = new() { Window = Minute, Pattern = "a\\Z" } } },
        { "alert_policy.log_match.severity", new() { LogMatch = new() { Window = Minute, Severity = (V1.LogSeverity)99 } } },
        { "alert_policy.finding_match.app", new() { FindingMatch = new() { App = "tenants/acme/apps/shop" } } },
        { "alert_policy.finding_match.min_count", new() { FindingMatch = new() { MinCount = -1 } } },
        { "alert_policy.finding_match.by", new() { FindingMatch = new() { By = { "package" } } } },
        { "alert_policy.absence.window", new() { Absence = new() { Selector = "a", Window = new() } } },
        { "alert_policy.hold_duration", new() { Absence = new() { Selector = "a", Window = Minute }, HoldDuration = new() { Seconds = -1 } } },
        { "alert_policy.webhook.secret", new() { Absence = new() { Selector = "a", Window = Minute }, Webhook = new() { Url = "http://a/", Secret = "short" } } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_cannot_be_evaluated_is_refused(string field, V1.AlertPolicy policy) =>
        Assert.Equal(field, Assert.Single(Assert.Throws<MeshException>(() => AlertPolicySpec.Parse(policy)).Violations).Field);

    [Fact]
    public void A_condition_is_replaced_and_not_mixed()
    {
        var before = new V1.AlertPolicy { Ratio = new() { Numerator = "a", Denominator = "b", By = { "x" }, Comparison = Comparison.Above } };
        var given = new V1.AlertPolicy { Ratio = new() { Numerator = "c", Denominator = "d", By = { "y" }, Comparison = Comparison.Below } };
        Assert.Equal(given.Ratio, AlertPolicySpec.Merge(before, given, null).Ratio);
    }

    [Fact]
    public void Waits_double_up_to_an_hour()
    {
        var options = new WebhookOptions();
        Assert.Equal([5, 10, 20, 3600], new[] { 1, 2, 3, 100 }.Select(attempt => (int)options.WaitAfter(attempt).TotalSeconds));
    }
}
