using System.CommandLine;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh findings …`.</summary>
internal static class FindingCommands
{
    public static Command Create() => new("findings", "See what is in images, and what is known to be wrong with them") { List(), Images(), Packages() };

    private static Command List()
    {
        var severity = new Option<string?>("--severity") { Description = "At least this bad: low, medium, high or critical" };
        severity.AcceptOnlyFromAmong("low", "medium", "high", "critical");
        var image = new Option<string>("--image") { Description = "Only of this image, TENANT/APP@sha256:…", DefaultValueFactory = _ => "" };
        var id = new Option<string>("--id") { Description = "Only of this advisory, for instance CVE-2026-1234", DefaultValueFactory = _ => "" };
        var running = new Option<bool>("--running") { Description = "Only of images that run" };
        var fixable = new Option<bool>("--fixable") { Description = "Only where a version without it is known" };
        var limit = new Option<int>("--limit") { Description = "The most findings", DefaultValueFactory = _ => 1000 };
        return new Command("list", "List findings, the worst first") { severity, AppCommands.App, image, id, running, fixable, limit }.Does(async context =>
        {
            var request = new ListFindingsRequest
            {
                Parent = await context.TenantAsync(), Image = context.Value(image), Id = context.Value(id), RunningOnly = context.Value(running),
                FixableOnly = context.Value(fixable),
            };
            if (context.Value(severity) is { } least) request.Severity = Enum.Parse<FindingSeverity>(least, ignoreCase: true);
            if (context.Value(AppCommands.App) is { Length: > 0 } app) request.App = await context.AppAsync(app);
            var all = await context.AllAsync(context.Client.ImageScans.ListFindingsAsync, request, context.Value(limit));
            context.Output.List(all, all.Findings, ["ID", "SEVERITY", "PACKAGE", "VERSION", "FIXED IN", "APP", "RUNS AS", "TITLE"], f =>
            [
                f.Id, AlertCommands.Lower(f.Severity), f.Package, f.Version, f.FixedVersion.Length > 0 ? f.FixedVersion : "-", Output.Id(f.App),
                Workloads(f.RunningWorkloads), f.Title,
            ]);
            if (all.UnexaminedImages.Count > 0)
            {
                var others = all.UnexaminedImages.Count > 1 ? $" and {all.UnexaminedImages.Count - 1} more: see `mesh findings images`" : "";
                await Console.Error.WriteLineAsync($"Nobody has looked for findings in {all.UnexaminedImages[0]}{others}.");
            }
            if (all.RunningTime is null) await Console.Error.WriteLineAsync("What runs is not known now: the scheduler cannot be asked.");
        });
    }

    private static Command Images() => new Command("images", "List the images whose content is known") { AppCommands.App }.Does(async context =>
    {
        var repository = context.Value(AppCommands.App) is { Length: > 0 } app ? Output.Id(await context.AppAsync(app)) : "-";
        var request = new ListScansRequest { Parent = $"{await context.TenantAsync()}/repositories/{repository}" };
        var all = await context.AllAsync(context.Client.ImageScans.ListScansAsync, request);
        context.Output.List(all, all.Scans, ["IMAGE", "PACKAGES", "FINDINGS", "BY", "WHEN", "RUNS AS"], s =>
            [s.Image, $"{s.PackageCount}", s.PackagesOnly ? "not looked for" : $"{s.FindingCounts.Values.Sum()}", s.Scanner, Ago.Of(s.ScanTime), Workloads(s.RunningWorkloads)]);
    });

    private static Command Packages()
    {
        var image = new Argument<string>("image") { Description = "The image, TENANT/APP@sha256:…" };
        return new Command("packages", "List the packages of an image") { image }.Does(async context =>
        {
            if (context.Value(image)?.Split('/', '@') is not [var tenant, var app, var digest])
                throw new CliException("An image has the form TENANT/APP@sha256:….", ExitCodes.Usage);
            var request = new ListPackagesRequest { Parent = $"tenants/{tenant}/repositories/{app}/scans/{digest}" };
            var all = await context.AllAsync(context.Client.ImageScans.ListPackagesAsync, request);
            context.Output.List(all, all.Packages, ["NAME", "VERSION", "PACKAGE URL"], p => [p.Name, p.Version, p.Purl]);
        });
    }

    private static string Workloads(IEnumerable<string> names) => string.Join(",", names.Select(Output.Id)) is { Length: > 0 } all ? all : "-";
}
