using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh alerts policies …`.</summary>
internal static class AlertPolicyCommands
{
    private const string Templates = "alertPolicyTemplates/";
    private static readonly Argument<string> s_policy = new("policy") { Description = "The policy's name" };

    public static Command Create()
    {
        var flags = new AlertPolicyFlags();
        var template = new Option<string?>("--template") { Description = "Begin with this one of `mesh alerts policies templates`" };
        var source = new Argument<string>("source") { Description = "The policy or template to copy" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var create = new Command("create", "Create a policy from a template or from flags") { s_policy, template };
        var update = new Command("update", "Change what the flags say, and nothing else") { s_policy };
        foreach (var option in flags.All)
        {
            create.Add(option);
            update.Add(option);
        }

        return new Command("policies", "Manage what is watched")
        {
            new Command("list", "List the policies").Does(async context =>
            {
                var all = await context.AllAsync(context.Client.Alerts.ListAlertPoliciesAsync, new ListAlertPoliciesRequest { Parent = await context.TenantAsync() });
                context.Output.List(all, all.AlertPolicies, ["NAME", "SEVERITY", "CONDITION", "DISPLAY NAME", "WEBHOOK", "EVALUATED", "ERROR"], p =>
                    [Output.Id(p.Name), AlertCommands.Lower(p.Severity), Condition(p), p.DisplayName, p.Webhook?.Url ?? "-", Evaluated(p), p.EvaluationError]);
            }),
            new Command("templates", "List the policies that come with Mesh").Does(async context =>
            {
                var all = await TemplatesAsync(context, await context.TenantAsync());
                context.Output.List(all, all.AlertPolicyTemplates, ["NAME", "SEVERITY", "CONDITION", "WHAT IT WATCHES"], t =>
                    [Output.Id(t.Name), AlertCommands.Lower(t.AlertPolicy.Severity), Condition(t.AlertPolicy), t.Description]);
            }),
            create.Does(async context =>
            {
                var tenant = await context.TenantAsync();
                var policy = context.Value(template) is { Length: > 0 } id ? await TemplateAsync(context, tenant, id) : new AlertPolicy();
                flags.Apply(context, policy);
                var request = new CreateAlertPolicyRequest
                {
                    Parent = tenant, AlertPolicyId = context.Value(s_policy), AlertPolicy = policy, RequestId = Guid.NewGuid().ToString(),
                };
                Print(context, (await context.Client.Alerts.CreateAlertPolicyAsync(request, cancellationToken: context.CancellationToken)).AlertPolicy);
            }),
            new Command("info", "Show a policy") { s_policy }.Does(async context => Print(context, await GetAsync(context))),
            new Command("clone", "Create a policy that is as another, or as a template") { source, s_policy }.Does(async context =>
            {
                var given = context.Value(source)!;
                var request = new CloneAlertPolicyRequest
                {
                    Name = given.StartsWith(Templates, StringComparison.Ordinal) ? given : await NameAsync(context, given),
                    Parent = await context.TenantAsync(), AlertPolicyId = context.Value(s_policy), RequestId = Guid.NewGuid().ToString(),
                };
                Print(context, (await context.Client.Alerts.CloneAlertPolicyAsync(request, cancellationToken: context.CancellationToken)).AlertPolicy);
            }),
            update.Does(async context =>
            {
                var before = await GetAsync(context);
                var policy = before.Clone();
                flags.Apply(context, policy);
                Print(context, await UpdateAsync(context, policy, Changes.Between(before, policy)));
            }),
            new Command("pause", "Leave a policy alone for now; its open alerts are over") { s_policy }.Does(context => PauseAsync(context, paused: true)),
            new Command("resume", "Evaluate a policy again") { s_policy }.Does(context => PauseAsync(context, paused: false)),
            new Command("destroy", "Delete a policy; its open alerts are over") { s_policy, yes }.Does(async context =>
            {
                var name = await NameAsync(context, context.Value(s_policy)!);
                if (!context.Value(yes) && !Console.IsInputRedirected)
                {
                    Console.Write($"Type {Output.Id(name)} to destroy it: ");
                    if (Console.ReadLine() != Output.Id(name)) throw new CliException("Not destroyed.");
                }
                await context.Client.Alerts.DeleteAlertPolicyAsync(new DeleteAlertPolicyRequest { Name = name }, cancellationToken: context.CancellationToken);
                context.Output.Line($"{name} is destroyed.");
            }),
        };
    }

    private static async Task<AlertPolicy> GetAsync(CommandContext context)
    {
        var request = new GetAlertPolicyRequest { Name = await NameAsync(context, context.Value(s_policy)!) };
        return (await context.Client.Alerts.GetAlertPolicyAsync(request, cancellationToken: context.CancellationToken)).AlertPolicy;
    }

    private static async Task PauseAsync(CommandContext context, bool paused)
    {
        var policy = new AlertPolicy { Name = await NameAsync(context, context.Value(s_policy)!), Paused = paused };
        Print(context, await UpdateAsync(context, policy, FieldMask.FromString("paused")));
    }

    private static async Task<AlertPolicy> UpdateAsync(CommandContext context, AlertPolicy policy, FieldMask mask)
    {
        if (mask.Paths.Count == 0) return policy;
        var request = new UpdateAlertPolicyRequest { AlertPolicy = policy, UpdateMask = mask };
        return (await context.Client.Alerts.UpdateAlertPolicyAsync(request, cancellationToken: context.CancellationToken)).AlertPolicy;
    }

    private static async Task<AlertPolicy> TemplateAsync(CommandContext context, string tenant, string id)
    {
        var templates = await TemplatesAsync(context, tenant);
        return templates.AlertPolicyTemplates.FirstOrDefault(t => Output.Id(t.Name) == Output.Id(id))?.AlertPolicy
            ?? throw new CliException($"There is no template `{id}`. See `mesh alerts policies templates`.", ExitCodes.NotFound);
    }

    private static Task<ListAlertPolicyTemplatesResponse> TemplatesAsync(CommandContext context, string tenant) =>
        context.AllAsync(context.Client.Alerts.ListAlertPolicyTemplatesAsync, new ListAlertPolicyTemplatesRequest { Parent = tenant });

    private static void Print(CommandContext context, AlertPolicy policy) => context.Output.Message(
        policy, ("Name", policy.Name), ("Display name", policy.DisplayName), ("Severity", AlertCommands.Lower(policy.Severity)), ("Condition", Condition(policy)),
        ("Holds for", Span(policy.HoldDuration)), ("Fires on for", Span(policy.KeepFiringDuration)), ("Labels", AlertCommands.Labels(policy.Labels)),
        ("Webhook", policy.Webhook?.Url ?? "-"), ("Evaluated", Evaluated(policy)), ("Error", policy.EvaluationError.Length > 0 ? policy.EvaluationError : "-"),
        ("Created", Ago.Of(policy.CreateTime)));

    private static string Evaluated(AlertPolicy policy) => policy.Paused ? "paused" : Ago.Of(policy.EvaluateTime);

    private static string Span(Duration? span) => span is null ? "-" : $"{span.ToTimeSpan().TotalSeconds:0.###} s";

    private static string Condition(AlertPolicy policy) => policy.ConditionCase switch
    {
        AlertPolicy.ConditionOneofCase.Threshold => $"{policy.Threshold.Selector} {AlertCommands.Lower(policy.Threshold.Comparison)} {policy.Threshold.Value:G6}",
        AlertPolicy.ConditionOneofCase.Absence => $"no {policy.Absence.Selector} for {Span(policy.Absence.Window)}",
        AlertPolicy.ConditionOneofCase.Ratio =>
            $"{policy.Ratio.Numerator} / {policy.Ratio.Denominator} {AlertCommands.Lower(policy.Ratio.Comparison)} {policy.Ratio.Value:G6}",
        AlertPolicy.ConditionOneofCase.LogMatch => $"{Math.Max(1, policy.LogMatch.MinCount)} log records in {Span(policy.LogMatch.Window)}",
        AlertPolicy.ConditionOneofCase.FindingMatch => $"{Math.Max(1, policy.FindingMatch.MinCount)} {AlertCommands.Lower(policy.FindingMatch.Severity)} findings",
        _ => "-",
    };

    private static async Task<string> NameAsync(CommandContext context, string policy) =>
        policy.StartsWith("tenants/", StringComparison.Ordinal) ? policy : $"{await context.TenantAsync()}/alertPolicies/{policy}";
}
