using System.CommandLine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;
using Comparison = Mesh.Ingestion.V1.AlertPolicy.Types.Comparison;

namespace Mesh.Cli.Commands;

/// <summary>A policy as flags. Those that are given change what the policy is already.</summary>
internal sealed class AlertPolicyFlags
{
    private readonly Option<string?> _displayName = Text("--display-name", "What to call it");
    private readonly Option<string?> _severity = OneOf("--severity", "info, warning, error or critical", "info", "warning", "error", "critical");
    private readonly Option<string?> _hold = Text("--hold", "How long the condition must hold before the alert fires, for instance 5m");
    private readonly Option<string?> _keepFiring = Text("--keep-firing", "How long an alert fires on after the condition last held");
    private readonly Option<string[]> _labels = LabelFlags.Of("alert");
    private readonly Option<string?> _webhook = Text("--webhook", "The URL that is told");
    private readonly Option<string?> _webhookSecret = Text("--webhook-secret", "The secret that signs what the URL is told [MESH_WEBHOOK_SECRET]");
    private readonly Option<bool> _noWebhook = new("--no-webhook") { Description = "Tell nobody any more" };
    private readonly Option<bool> _paused = new("--paused") { Description = "Leave it alone for now" };
    private readonly Option<string?> _metric = Text("--metric", "Condition: compare this selector with --above or --below");
    private readonly Option<string?> _absent = Text("--absent", "Condition: no samples of this selector for --window");
    private readonly Option<string?> _ratio = Text("--ratio", "Condition: divide this selector by that of --of, and compare with --above or --below");
    private readonly Option<string?> _of = Text("--of", "What --ratio is divided by");
    private readonly Option<string?> _logs = Text("--logs", "Condition: count log records that match this selector, '{}' for all");
    private readonly Option<string?> _contains = Text("--contains", "Only log records with this text");
    private readonly Option<string?> _pattern = Text("--pattern", "Only log records in which this regular expression is found");
    private readonly Option<string?> _logSeverity = OneOf(
        "--log-severity", "Only log records that are at least trace, debug, info, warn, error or fatal", "trace", "debug", "info", "warn", "error", "fatal");
    private readonly Option<string?> _findings = OneOf(
        "--findings", "Condition: count findings of running images that are at least low, medium, high or critical", "low", "medium", "high", "critical");
    private readonly Option<bool> _fixable = new("--fixable") { Description = "Only findings for which a version without them is known" };
    private readonly Option<double?> _above = new("--above") { Description = "Holds when the value is greater" };
    private readonly Option<double?> _below = new("--below") { Description = "Holds when the value is less" };
    private readonly Option<double?> _minDenominator = new("--min-denominator") { Description = "Do not judge a ratio whose --of is less" };
    private readonly Option<string?> _window = Text("--window", "The window that is looked at, for instance 5m; 0s for none");
    private readonly Option<bool> _rate = new("--rate") { Description = "Compare the rate per second over --window" };
    private readonly Option<long?> _count = new("--count") { Description = "How many log records or findings are enough" };
    private readonly Option<string?> _by = Text("--by", "Labels that make groups, comma between two");

    public IEnumerable<System.CommandLine.Option> All =>
    [
        _displayName, _severity, _hold, _keepFiring, _labels, _webhook, _webhookSecret, _noWebhook, _paused, _metric, _absent, _ratio, _of, _minDenominator,
        _logs, _contains, _pattern, _logSeverity, _findings, _fixable, _above, _below, _window, _rate, _count, _by, AppCommands.App,
    ];

    private Option<string?>[] Conditions => [_metric, _absent, _ratio, _logs, _findings];

    public void Apply(CommandContext context, AlertPolicy policy)
    {
        if (context.Value(_displayName) is { } displayName) policy.DisplayName = displayName;
        if (context.Value(_severity) is { } severity) policy.Severity = System.Enum.Parse<AlertSeverity>(severity, ignoreCase: true);
        if (context.Value(_hold) is { } hold) policy.HoldDuration = Span(hold);
        if (context.Value(_keepFiring) is { } keepFiring) policy.KeepFiringDuration = Span(keepFiring);
        if (context.Has(_paused)) policy.Paused = context.Value(_paused);
        LabelFlags.Apply(context.Value(_labels)!, policy.Labels);
        ApplyWebhook(context, policy);
        ApplyCondition(context, policy);
    }

    private void ApplyWebhook(CommandContext context, AlertPolicy policy)
    {
        var (url, secret) = (context.Value(_webhook), context.Value(_webhookSecret));
        if (context.Value(_noWebhook))
        {
            if ((url ?? secret) is not null) throw new CliException("--no-webhook goes with no other flag of a webhook.", ExitCodes.Usage);
            policy.Webhook = null;
        }
        else if (url is not null)
        {
            policy.Webhook = new() { Url = url, Secret = secret ?? Environment.GetEnvironmentVariable("MESH_WEBHOOK_SECRET") ?? "" };
        }
        else if (secret is not null)
        {
            (policy.Webhook ?? throw new CliException("--webhook-secret needs --webhook.", ExitCodes.Usage)).Secret = secret;
        }
    }

    // A condition of another kind takes the place of the one that the policy has; one of the same kind is changed.
    private void ApplyCondition(CommandContext context, AlertPolicy policy)
    {
        var given = Conditions.Where(condition => context.Value(condition) is not null).ToArray();
        if (given.Length > 1) throw new CliException($"{given[0].Name} and {given[1].Name} are two conditions; a policy has one.", ExitCodes.Usage);
        if (context.Value(_metric) is { } metric) (policy.Threshold ??= new()).Selector = metric;
        else if (context.Value(_absent) is { } absent) (policy.Absence ??= new()).Selector = absent;
        else if (context.Value(_ratio) is { } ratio) (policy.Ratio ??= new()).Numerator = ratio;
        else if (context.Value(_logs) is { } logs) (policy.LogMatch ??= new()).Selector = logs == "{}" ? "" : logs;
        else if (context.Value(_findings) is { } findings) (policy.FindingMatch ??= new()).Severity = System.Enum.Parse<FindingSeverity>(findings, ignoreCase: true);

        Refine(context, policy);
        if (policy.Ratio is { Denominator.Length: 0 }) throw new CliException("--ratio needs --of.", ExitCodes.Usage);
        if (policy.Threshold is { Comparison: Comparison.Unspecified } || policy.Ratio is { Comparison: Comparison.Unspecified }) throw OneComparison();
    }

    private void Refine(CommandContext context, AlertPolicy policy)
    {
        IMessage condition = (IMessage?)policy.Threshold ?? (IMessage?)policy.Absence ?? (IMessage?)policy.Ratio ?? (IMessage?)policy.LogMatch ?? policy.FindingMatch
            ?? throw new CliException($"Give a template or a condition: {string.Join(", ", Conditions.Select(c => c.Name))}.", ExitCodes.Usage);
        System.CommandLine.Option[] fitting = policy.ConditionCase switch
        {
            AlertPolicy.ConditionOneofCase.Threshold => [_above, _below, _window, _rate],
            AlertPolicy.ConditionOneofCase.Absence => [_window],
            AlertPolicy.ConditionOneofCase.Ratio => [_of, _minDenominator, _above, _below, _window, _rate, _by],
            AlertPolicy.ConditionOneofCase.LogMatch => [_contains, _pattern, _logSeverity, _window, _count, _by],
            _ => [_fixable, _count, _by, AppCommands.App],
        };
        System.CommandLine.Option[] refinements =
            [_of, _minDenominator, _contains, _pattern, _logSeverity, _fixable, _above, _below, _window, _rate, _count, _by, AppCommands.App];
        if (refinements.Where(context.Has).FirstOrDefault(option => !fitting.Contains(option)) is { } other)
            throw new CliException($"{other.Name} does not belong to this condition.", ExitCodes.Usage);

        // What the condition is made of, under the names that the contract gives.
        void Set(string field, object value) => condition.Descriptor.FindFieldByName(field).Accessor.SetValue(condition, value);
        if (context.Value(_of) is { } of) Set("denominator", of);
        if (context.Value(_minDenominator) is { } least) Set("min_denominator", least);
        if (context.Value(_contains) is { } contains) Set("contains", contains);
        if (context.Value(_pattern) is { } pattern) Set("pattern", pattern);
        if (context.Value(_logSeverity) is { } severity) Set("severity", System.Enum.Parse<LogSeverity>(severity, ignoreCase: true));
        if (context.Has(_fixable)) Set("fixable_only", context.Value(_fixable));
        if (context.Has(_rate)) Set("rate", context.Value(_rate));
        if (context.Value(_count) is { } count) Set("min_count", count);
        if (context.Value(AppCommands.App) is { } app) Set("app", app);
        if (context.Value(_window) is { } window)
        {
            condition.Descriptor.FindFieldByName("window").Accessor.Clear(condition);
            if (Span(window) is { Seconds: > 0 } or { Nanos: > 0 }) Set("window", Span(window));
        }

        if (context.Has(_above) || context.Has(_below))
        {
            var (comparison, value) = Compared(context);
            Set("comparison", comparison);
            Set("value", value);
        }

        if (context.Value(_by) is { } by)
        {
            var groups = (System.Collections.IList)condition.Descriptor.FindFieldByName("by").Accessor.GetValue(condition);
            groups.Clear();
            foreach (var label in Groups(by)) groups.Add(label);
        }
    }

    private static string[] Groups(string by) => by.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private (Comparison, double) Compared(CommandContext context) => (context.Value(_above), context.Value(_below)) switch
    {
        ({ } above, null) => (Comparison.Above, above),
        (null, { } below) => (Comparison.Below, below),
        _ => throw OneComparison(),
    };

    private static CliException OneComparison() => new("Give either --above or --below.", ExitCodes.Usage);

    private static Duration Span(string text) => Duration.FromTimeSpan(MetricQuery.ParseSpan(text));

    private static Option<string?> Text(string name, string description) => new(name) { Description = description };

    private static Option<string?> OneOf(string name, string description, params string[] values)
    {
        var option = Text(name, description);
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
