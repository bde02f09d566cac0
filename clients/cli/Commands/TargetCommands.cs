using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh targets …`: what ingestion reads itself.</summary>
internal static class TargetCommands
{
    private static readonly Argument<string> s_target = new("target") { Description = "The target's name" };

    public static Command Create()
    {
        var address = new Argument<string>("address") { Description = "The URL, for instance http://10.0.0.5:9100/metrics" };
        var kind = new Option<string>("--kind") { Description = "What speaks there: prometheus, netdata or gnocchi", DefaultValueFactory = _ => "prometheus" };
        kind.AcceptOnlyFromAmong("prometheus", "netdata", "gnocchi");
        var interval = new Option<string?>("--interval") { Description = "The distance of two readings, for instance 30s; 15s unless given" };
        var labels = new Option<string[]>("--label") { Description = "A label of each sample, NAME=VALUE; may be repeated", DefaultValueFactory = _ => [] };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        return new Command("targets", "Manage which sources of metrics are read")
        {
            new Command("list", "List the targets and how the last reading of each went").Does(async context =>
            {
                var all = new ListTargetsResponse();
                do
                {
                    var request = new ListTargetsRequest { Parent = await context.TenantAsync(), PageSize = 1000, PageToken = all.NextPageToken };
                    var page = await context.Client.Targets.ListTargetsAsync(request, cancellationToken: context.CancellationToken);
                    all.MergeFrom(page);
                    all.NextPageToken = page.NextPageToken;
                }
                while (all.NextPageToken.Length > 0);
                context.Output.List(all, all.Targets, ["NAME", "KIND", "STATE", "READ", "INTERVAL", "ADDRESS", "ERROR"], t =>
                    [Output.Id(t.Name), AlertCommands.Lower(t.Kind), State(t), Ago.Of(t.LastScrapeTime), Interval(t), t.Address, t.LastError]);
            }),
            new Command("create", "Have a source of metrics read") { s_target, address, kind, interval, labels }.Does(async context =>
            {
                var target = new Target
                {
                    Kind = System.Enum.Parse<Target.Types.Kind>(context.Value(kind)!, ignoreCase: true), Address = context.Value(address),
                    Interval = context.Value(interval) is { } given ? MetricQuery.ParseSpan(given).ToDuration() : null,
                };
                foreach (var label in context.Value(labels)!)
                {
                    if (label.Split('=', 2) is not [{ Length: > 0 } name, var value]) throw new CliException($"`{label}` is not NAME=VALUE.", ExitCodes.Usage);
                    target.Labels[name] = value;
                }
                var request = new CreateTargetRequest
                {
                    Parent = await context.TenantAsync(), TargetId = context.Value(s_target), Target = target, RequestId = Guid.NewGuid().ToString(),
                };
                Print(context, (await context.Client.Targets.CreateTargetAsync(request, cancellationToken: context.CancellationToken)).Target);
            }),
            new Command("info", "Show a target") { s_target }.Does(async context =>
            {
                var request = new GetTargetRequest { Name = await NameAsync(context) };
                Print(context, (await context.Client.Targets.GetTargetAsync(request, cancellationToken: context.CancellationToken)).Target);
            }),
            new Command("pause", "Leave a target alone for now; its series end") { s_target }.Does(context => PauseAsync(context, paused: true)),
            new Command("resume", "Read a target again") { s_target }.Does(context => PauseAsync(context, paused: false)),
            new Command("destroy", "Delete a target; its series end, and what was read stays") { s_target, yes }.Does(async context =>
            {
                var name = await NameAsync(context);
                if (!context.Value(yes) && !Console.IsInputRedirected)
                {
                    Console.Write($"Type {Output.Id(name)} to destroy it: ");
                    if (Console.ReadLine() != Output.Id(name)) throw new CliException("Not destroyed.");
                }
                await context.Client.Targets.DeleteTargetAsync(new DeleteTargetRequest { Name = name }, cancellationToken: context.CancellationToken);
                context.Output.Line($"{name} is destroyed.");
            }),
        };
    }

    private static async Task PauseAsync(CommandContext context, bool paused)
    {
        var request = new UpdateTargetRequest
        {
            Target = new Target { Name = await NameAsync(context), Paused = paused }, UpdateMask = FieldMask.FromString("paused"),
        };
        Print(context, (await context.Client.Targets.UpdateTargetAsync(request, cancellationToken: context.CancellationToken)).Target);
    }

    private static void Print(CommandContext context, Target target) => context.Output.Message(
        target, ("Name", target.Name), ("Kind", AlertCommands.Lower(target.Kind)), ("Address", target.Address), ("Interval", Interval(target)),
        ("Labels", AlertCommands.Labels(target.Labels)), ("State", State(target)), ("Read", Ago.Of(target.LastScrapeTime)),
        ("Error", target.LastError.Length > 0 ? target.LastError : "-"), ("Created", Ago.Of(target.CreateTime)));

    private static string State(Target target) =>
        target.Paused ? "paused" : target.State == Target.Types.State.Unspecified ? "not read yet" : AlertCommands.Lower(target.State);

    private static string Interval(Target target) => $"{target.Interval.ToTimeSpan().TotalSeconds:0.###} s";

    private static async Task<string> NameAsync(CommandContext context) =>
        context.Value(s_target)!.StartsWith("tenants/", StringComparison.Ordinal) ? context.Value(s_target)! : $"{await context.TenantAsync()}/targets/{context.Value(s_target)}";
}
