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
