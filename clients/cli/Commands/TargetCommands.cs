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
        var moved = new Argument<string?>("address") { Description = "The URL, if it is another now", Arity = ArgumentArity.ZeroOrOne };
        var kind = new Option<string?>("--kind") { Description = "What speaks there: prometheus, which is meant unless given, netdata or gnocchi" };
        kind.AcceptOnlyFromAmong("prometheus", "netdata", "gnocchi");
        var interval = new Option<string?>("--interval") { Description = "The distance of two readings, for instance 30s; 15s unless given" };
        var paused = new Option<bool>("--paused") { Description = "Leave it alone for now" };
        var labels = LabelFlags.Of("sample");
        void Apply(CommandContext context, Target target)
        {
            if (context.Value(kind) is { } speaks) target.Kind = System.Enum.Parse<Target.Types.Kind>(speaks, ignoreCase: true);
            if (context.Value(interval) is { } given) target.Interval = MetricQuery.ParseSpan(given).ToDuration();
            if (context.Has(paused)) target.Paused = context.Value(paused);
            LabelFlags.Apply(context.Value(labels)!, target.Labels);
        }
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        return new Command("targets", "Manage which sources of metrics are read")
        {
            new Command("list", "List the targets and how the last reading of each went").Does(async context =>
            {
                var all = await context.AllAsync(context.Client.Targets.ListTargetsAsync, new ListTargetsRequest { Parent = await context.TenantAsync() });
                context.Output.List(all, all.Targets, ["NAME", "KIND", "STATE", "READ", "INTERVAL", "ADDRESS", "ERROR"], t =>
                    [Output.Id(t.Name), AlertCommands.Lower(t.Kind), State(t), Ago.Of(t.LastScrapeTime), Interval(t), t.Address, t.LastError]);
            }),
            new Command("create", "Have a source of metrics read") { s_target, address, kind, interval, paused, labels }.Does(async context =>
            {
                var target = new Target { Kind = Target.Types.Kind.Prometheus, Address = context.Value(address) };
                Apply(context, target);
                var request = new CreateTargetRequest
                {
                    Parent = await context.TenantAsync(), TargetId = context.Value(s_target), Target = target, RequestId = Guid.NewGuid().ToString(),
                };
                Print(context, (await context.Client.Targets.CreateTargetAsync(request, cancellationToken: context.CancellationToken)).Target);
            }),
            new Command("info", "Show a target") { s_target }.Does(async context => Print(context, await GetAsync(context))),
            new Command("update", "Change what is given, and nothing else") { s_target, moved, kind, interval, paused, labels }.Does(async context =>
            {
                var before = await GetAsync(context);
                var target = before.Clone();
                if (context.Value(moved) is { } url) target.Address = url;
                Apply(context, target);
                Print(context, await UpdateAsync(context, target, Changes.Between(before, target)));
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
        var target = new Target { Name = await NameAsync(context), Paused = paused };
        Print(context, await UpdateAsync(context, target, FieldMask.FromString("paused")));
    }

    private static async Task<Target> GetAsync(CommandContext context)
    {
        var request = new GetTargetRequest { Name = await NameAsync(context) };
        return (await context.Client.Targets.GetTargetAsync(request, cancellationToken: context.CancellationToken)).Target;
    }

    private static async Task<Target> UpdateAsync(CommandContext context, Target target, FieldMask mask)
    {
        if (mask.Paths.Count == 0) return target;
        var request = new UpdateTargetRequest { Target = target, UpdateMask = mask };
        return (await context.Client.Targets.UpdateTargetAsync(request, cancellationToken: context.CancellationToken)).Target;
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
