using System.CommandLine;
using Mesh.Cli.Commands;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;
using Comparison = Mesh.Ingestion.V1.AlertPolicy.Types.Comparison;

namespace Mesh.Cli.Tests.Commands;

public sealed class AlertPolicyFlagsTests
{
    [Fact]
    public void A_threshold_is_read()
    {
        var policy = Read("--metric", "up{job=\"a\"}", "--below", "1", "--window", "5m", "--rate", "--severity", "critical", "--hold", "90s", "--label", "team=a=b");
        Assert.Equal(("up{job=\"a\"}", Comparison.Below, 1.0, true), (policy.Threshold.Selector, policy.Threshold.Comparison, policy.Threshold.Value, policy.Threshold.Rate));
        Assert.Equal((300, 90), (policy.Threshold.Window.Seconds, policy.HoldDuration.Seconds));
        Assert.Equal((AlertSeverity.Critical, "a=b"), (policy.Severity, policy.Labels["team"]));
    }

    [Fact]
    public void Absence_ratio_logs_and_findings_are_read()
    {
        Assert.Equal(60, Read("--absent", "up", "--window", "1m").Absence.Window.Seconds);
        var ratio = Read("--ratio", "errors", "--of", "all", "--above", "0.1", "--by", "app, job").Ratio;
        Assert.Equal(("errors", "all", 0.1), (ratio.Numerator, ratio.Denominator, ratio.Value));
        Assert.Equal(["app", "job"], ratio.By);
        var logs = Read("--logs", "{}", "--contains", "panic", "--window", "10m", "--count", "3").LogMatch;
        Assert.Equal(("", "panic", 3L), (logs.Selector, logs.Contains, logs.MinCount));
        var findings = Read("--findings", "high", "--app", "shop", "--fixable", "--by", "id").FindingMatch;
        Assert.Equal((FindingSeverity.High, "shop", true, "id"), (findings.Severity, findings.App, findings.FixableOnly, Assert.Single(findings.By)));
    }

    [Fact]
    public void Flags_change_what_a_template_says_and_leave_the_rest()
    {
        var policy = new AlertPolicy { DisplayName = "Old", Severity = AlertSeverity.Info, Absence = new() { Selector = "up" } };
        Apply(policy, "--severity", "error", "--webhook", "http://a/", "--webhook-secret", "0123456789abcdef");
        Assert.Equal(("Old", AlertSeverity.Error, "up"), (policy.DisplayName, policy.Severity, policy.Absence.Selector));
        Assert.Equal(("http://a/", "0123456789abcdef"), (policy.Webhook.Url, policy.Webhook.Secret));
    }

    [Fact]
    public void All_that_was_set_can_be_changed_and_taken_away()
    {
        var policy = Read(
            "--metric", "up", "--above", "1", "--window", "5m", "--rate", "--paused", "--label", "team=a", "--label", "tier=1",
            "--webhook", "http://a/", "--webhook-secret", "0123456789abcdef");
        Apply(policy, "--metric", "down", "--below", "3", "--window", "0s", "--rate", "false", "--paused", "false", "--label", "team-", "--label", "none-", "--no-webhook");
        Assert.Equal(("down", Comparison.Below, 3, false), (policy.Threshold.Selector, policy.Threshold.Comparison, policy.Threshold.Value, policy.Threshold.Rate));
        Assert.Null(policy.Threshold.Window);
        Assert.Equal(("tier", false, null), (Assert.Single(policy.Labels).Key, policy.Paused, policy.Webhook));

        var ratio = Read("--ratio", "errors", "--of", "all", "--above", "0.1", "--by", "app", "--min-denominator", "5");
        Apply(ratio, "--ratio", "failures", "--by", "");
        Assert.Equal(("failures", "all", 5, 0.1, 0), (ratio.Ratio.Numerator, ratio.Ratio.Denominator, ratio.Ratio.MinDenominator, ratio.Ratio.Value, ratio.Ratio.By.Count));
        Apply(ratio, "--logs", "{}", "--log-severity", "error", "--window", "5m");
        Assert.Equal((AlertPolicy.ConditionOneofCase.LogMatch, LogSeverity.Error), (ratio.ConditionCase, ratio.LogMatch.Severity));
    }

    [Theory]
    [InlineData("--no-webhook", "--webhook", "http://a/")]
    [InlineData("--label", "-")]
    [InlineData("--label", "=a")]
    [InlineData("--count", "3")]
    [InlineData("--of", "all")]
    public void What_is_no_change_is_told(params string[] arguments)
    {
        var policy = Read("--metric", "up", "--above", "1");
        Assert.Equal(ExitCodes.Usage, Assert.Throws<CliException>(() => Apply(policy, arguments)).ExitCode);
    }

    [Theory]
    [InlineData]
    [InlineData("--metric", "up")]
    [InlineData("--metric", "up", "--above", "1", "--below", "2")]
    [InlineData("--ratio", "a", "--above", "1")]
    [InlineData("--metric", "up", "--absent", "up")]
    [InlineData("--absent", "up", "--window", "5 minutes")]
    [InlineData("--absent", "up", "--label", "team")]
    public void What_is_no_policy_is_told(params string[] arguments) =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<CliException>(() => Read(arguments)).ExitCode);

    private static AlertPolicy Read(params string[] arguments)
    {
        var policy = new AlertPolicy();
        Apply(policy, arguments);
        return policy;
    }

    private static void Apply(AlertPolicy policy, params string[] arguments)
    {
        var flags = new AlertPolicyFlags();
        var command = new Command("create");
        foreach (var option in flags.All) command.Add(option);
        var parsed = new RootCommand { command }.Parse(["create", .. arguments]);
        Assert.Empty(parsed.Errors);
        using var context = new CommandContext(parsed, CancellationToken.None);
        flags.Apply(context, policy);
    }
}
