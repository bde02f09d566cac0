using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Client;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh alerts …`: what fires, what became of it, and who looks after it.</summary>
internal static class AlertCommands
{
    private static readonly Argument<string> s_alert = new("alert") { Description = "The alert's id, as `mesh alerts list` shows it" };

    public static Command Create() => new("alerts", "Follow alerts and manage what is watched")
    {
        List(),
        Watch(),
        new Command("info", "Show an alert") { s_alert }.Does(async context =>
        {
            var request = new GetAlertRequest { Name = await NameAsync(context) };
            var alert = (await context.Client.Alerts.GetAlertAsync(request, cancellationToken: context.CancellationToken)).Alert;
            context.Output.Message(
                alert, ("Name", alert.Name), ("Policy", Output.Id(alert.Policy)), ("State", Lower(alert.State)), ("Severity", Lower(alert.Severity)),
                ("Value", Number(alert.Value)), ("Labels", Labels(alert.Labels)), ("Since", Ago.Of(alert.StartTime)), ("Fired", Ago.Of(alert.FireTime)),
                ("Resolved", Ago.Of(alert.ResolveTime)), ("Acknowledged by", alert.AcknowledgedBy.Length > 0 ? alert.AcknowledgedBy : "-"));
        }),
        new Command("history", "Show the steps of an alert's life, oldest first") { s_alert }.Does(async context =>
        {
            var all = await context.AllAsync(context.Client.Alerts.ListAlertChangesAsync, new ListAlertChangesRequest { Parent = await NameAsync(context) });
            context.Output.List(all, all.AlertChanges, ["STATE", "VALUE", "ACKNOWLEDGED BY", "WHEN"], c =>
                [Lower(c.State), Number(c.Value), Output.Id(c.AcknowledgedBy), Ago.Of(c.Time)]);
        }),
        new Command("ack", "Record that you look after an alert") { s_alert }.Does(async context =>
        {
            var request = new AcknowledgeAlertRequest { Name = await NameAsync(context) };
            var alert = (await context.Client.Alerts.AcknowledgeAlertAsync(request, cancellationToken: context.CancellationToken)).Alert;
            context.Output.Message(alert, ("Acknowledged", alert.Name), ("By", alert.AcknowledgedBy), ("State", Lower(alert.State)));
        }),
        Deliveries(),
        AlertPolicyCommands.Create(),
    };

    /// <summary>An enum's value for people.</summary>
    public static string Lower<T>(T value) where T : struct, System.Enum => value.ToString().ToLowerInvariant();

    /// <summary>Labels for people.</summary>
    public static string Labels(IEnumerable<KeyValuePair<string, string>> labels) =>
        string.Join(",", labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    private static Command List()
    {
        var state = new Option<string>("--state") { Description = "pending, firing, resolved, all, or open for those that are not resolved", DefaultValueFactory = _ => "open" };
        state.AcceptOnlyFromAmong("open", "pending", "firing", "resolved", "all");
        var policy = new Option<string?>("--policy") { Description = "Only alerts of this policy" };
        var limit = new Option<int>("--limit") { Description = "The most alerts", DefaultValueFactory = _ => 100 };
        return new Command("list", "List alerts, newest first") { state, policy, limit }.Does(async context =>
        {
            var tenant = await context.TenantAsync();
            var request = new ListAlertsRequest { Parent = tenant };
            if (context.Value(policy) is { Length: > 0 } id) request.Policy = $"{tenant}/alertPolicies/{id}";
            var found = new List<Alert>();
            foreach (var wanted in States(context.Value(state)!))
                found.AddRange((await context.AllAsync(context.Client.Alerts.ListAlertsAsync, new ListAlertsRequest(request) { State = wanted }, context.Value(limit))).Alerts);
            // The ids are in the order of time.
            var all = new ListAlertsResponse { Alerts = { found.OrderByDescending(a => a.Name, StringComparer.Ordinal).Take(context.Value(limit)) } };
            context.Output.List(all, all.Alerts, ["ID", "STATE", "SEVERITY", "POLICY", "VALUE", "LABELS", "SINCE", "ACKNOWLEDGED BY"], a =>
                [Output.Id(a.Name), Lower(a.State), Lower(a.Severity), Output.Id(a.Policy), Number(a.Value), Labels(a.Labels), Ago.Of(a.StartTime), Output.Id(a.AcknowledgedBy)]);
        });
    }

    private static Command Watch()
    {
        var cursor = new Option<string>("--cursor") { Description = "Go on behind this cursor, which `-o json` shows", DefaultValueFactory = _ => "" };
        return new Command("watch", "Show what is open and then every step as it is taken, over breaks") { cursor }.Does(async context =>
        {
            var request = new WatchAlertsRequest { Parent = await context.TenantAsync(), Cursor = context.Value(cursor) };
            await foreach (var step in context.Client.Alerts.WatchAsync(request, context.CancellationToken))
            {
                if (context.Output.IsJson) Console.WriteLine(JsonFormatter.Default.Format(step));
                else if (step.Alert is { } alert) Console.WriteLine(Line(alert, step.ChangeTime));
            }
        });
    }

    private static string Line(Alert alert, Timestamp time)
    {
        var acknowledged = alert.AcknowledgedBy.Length > 0 ? $" acknowledged by {Output.Id(alert.AcknowledgedBy)}" : "";
        return $"{time.ToDateTime():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Lower(alert.State),-8} {Lower(alert.Severity),-8} {Output.Id(alert.Policy)} "
            + $"{Number(alert.Value)} {{{Labels(alert.Labels)}}} {Output.Id(alert.Name)}{acknowledged}";
    }

    private static Alert.Types.State[] States(string wanted) => wanted switch
    {
        "open" => [Alert.Types.State.Firing, Alert.Types.State.Pending],
        "all" => [Alert.Types.State.Unspecified],
        _ => [System.Enum.Parse<Alert.Types.State>(wanted, ignoreCase: true)],
    };

    private static Command Deliveries()
    {
        var state = new Option<string?>("--state") { Description = "pending, delivered or failed; all unless given" };
        state.AcceptOnlyFromAmong("pending", "delivered", "failed");
        var limit = new Option<int>("--limit") { Description = "The most deliveries", DefaultValueFactory = _ => 100 };
        return new Command("deliveries", "List what webhooks were told, newest first") { state, limit }.Does(async context =>
        {
            var request = new ListAlertDeliveriesRequest { Parent = await context.TenantAsync() };
            if (context.Value(state) is { } given) request.State = System.Enum.Parse<AlertDelivery.Types.State>(given, ignoreCase: true);
            var all = await context.AllAsync(context.Client.Alerts.ListAlertDeliveriesAsync, request, context.Value(limit));
            context.Output.List(all, all.AlertDeliveries, ["ALERT", "TOLD", "STATE", "ATTEMPTS", "URL", "LAST ERROR", "CREATED"], d =>
                [Output.Id(d.Alert), Lower(d.AlertState), Lower(d.State), $"{d.Attempts}", d.Url, d.LastError, Ago.Of(d.CreateTime)]);
        });
    }

    private static async Task<string> NameAsync(CommandContext context) => context.Value(s_alert)! is var alert && alert.StartsWith("tenants/", StringComparison.Ordinal)
        ? alert : $"{await context.TenantAsync()}/alerts/{alert}";

    private static string Number(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
