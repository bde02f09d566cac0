using System.CommandLine;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh findings …`.</summary>
internal static class FindingCommands
{
    public static Command Create()
    {
        var severity = new Option<string?>("--severity") { Description = "At least this bad: low, medium, high or critical" };
        severity.AcceptOnlyFromAmong("low", "medium", "high", "critical");
        var image = new Option<string>("--image") { Description = "Only of this image, TENANT/APP@sha256:…", DefaultValueFactory = _ => "" };
        var id = new Option<string>("--id") { Description = "Only of this advisory, for instance CVE-2026-1234", DefaultValueFactory = _ => "" };
        var running = new Option<bool>("--running") { Description = "Only of images that run" };
        var fixable = new Option<bool>("--fixable") { Description = "Only where a version without it is known" };
        var limit = new Option<int>("--limit") { Description = "The most findings", DefaultValueFactory = _ => 1000 };
        return new Command("findings", "See what is known to be wrong with images")
        {
            new Command("list", "List findings, the worst first") { severity, AppCommands.App, image, id, running, fixable, limit }.Does(async context =>
            {
                var request = new ListFindingsRequest
                {
                    Parent = await context.TenantAsync(), Image = context.Value(image), Id = context.Value(id), RunningOnly = context.Value(running),
                    FixableOnly = context.Value(fixable),
                };
                if (context.Value(severity) is { } least) request.Severity = Enum.Parse<FindingSeverity>(least, ignoreCase: true);
                if (context.Value(AppCommands.App) is { Length: > 0 } app) request.App = await context.AppAsync(app);
                var all = await AllAsync(context, request, context.Value(limit));
                context.Output.List(all, all.Findings, ["ID", "SEVERITY", "PACKAGE", "VERSION", "FIXED IN", "APP", "RUNS AS", "TITLE"], f =>
                [
                    f.Id, AlertCommands.Lower(f.Severity), f.Package, f.Version, f.FixedVersion.Length > 0 ? f.FixedVersion : "-", Output.Id(f.App),
                    f.RunningWorkloads.Count > 0 ? string.Join(",", f.RunningWorkloads.Select(Output.Id)) : "-", f.Title,
                ]);
                if (all.RunningTime is null) await Console.Error.WriteLineAsync("What runs is not known now: the scheduler cannot be asked.");
            }),
        };
    }

    private static async Task<ListFindingsResponse> AllAsync(CommandContext context, ListFindingsRequest request, int limit)
    {
        var all = new ListFindingsResponse();
        do
        {
            request.PageSize = Math.Clamp(limit - all.Findings.Count, 1, 1000);
            var page = await context.Client.ImageScans.ListFindingsAsync(request, cancellationToken: context.CancellationToken);
            all.Findings.Add(page.Findings);
            all.RunningTime = page.RunningTime;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0 && all.Findings.Count < limit);
        return all;
    }
}
