using System.CommandLine;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Controller.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh apps …`.</summary>
internal static class AppCommands
{
    public static Option<string?> App { get; } = new("--app", "-a") { Description = "The app's name", HelpName = "APP" };

    private static readonly Argument<string> s_app = new("app") { Description = "The app's name" };

    public static Command Create()
    {
        var health = new Option<string>("--health-path") { Description = "The HTTP path that tells whether the web process works", DefaultValueFactory = _ => "" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        return new Command("apps", "Manage apps")
        {
            new Command("create", "Create an app") { s_app, health }.Does(async context =>
            {
                var request = new CreateAppRequest
                {
                    Parent = await context.TenantAsync(), AppId = context.Value(s_app), App = new App(), RequestId = Guid.NewGuid().ToString(),
                };
                if (context.Value(health) is { Length: > 0 } path) request.App.Processes["web"] = new ProcessSettings { HealthPath = path };
                var app = (await context.Client.Apps.CreateAppAsync(request, cancellationToken: context.CancellationToken)).App;
                context.Output.Message(app, ("Created", app.Name), ("URL", app.Url), ("Git", app.GitUrl));
            }),
            new Command("list", "List the apps of the tenant").Does(async context =>
            {
                var all = await context.AllAsync(context.Client.Apps.ListAppsAsync, new ListAppsRequest { Parent = await context.TenantAsync() });
                context.Output.List(all, all.Apps, ["NAME", "RELEASE", "URL", "CREATED"], a =>
                    [Output.Id(a.Name), a.LatestRelease.Length > 0 ? "v" + Output.Id(a.LatestRelease) : "-", a.Url, Ago.Of(a.CreateTime)]);
            }),
            new Command("info", "Show an app and its production deployment") { s_app }.Does(async context =>
            {
                var name = await context.AppAsync(context.Value(s_app));
                var app = (await context.Client.Apps.GetAppAsync(new GetAppRequest { Name = name }, cancellationToken: context.CancellationToken)).App;
                var request = new GetDeploymentRequest { Name = $"{name}/deployments/production" };
                var deployment = (await context.Client.Deployments.GetDeploymentAsync(request, cancellationToken: context.CancellationToken)).Deployment;
                context.Output.Message(
                    app, ("Name", app.Name), ("URL", app.Url), ("Git", app.GitUrl), ("Release", app.LatestRelease.Length > 0 ? "v" + Output.Id(app.LatestRelease) : "-"),
                    ("State", $"{deployment.State}: {deployment.Message}"), ("Created", Ago.Of(app.CreateTime)));
            }),
            new Command("destroy", "Stop an app and forget it") { s_app, yes }.Does(async context =>
            {
                var name = await context.AppAsync(context.Value(s_app));
                if (!context.Value(yes) && !Console.IsInputRedirected)
                {
                    Console.Write($"Type {Output.Id(name)} to destroy it: ");
                    if (Console.ReadLine() != Output.Id(name)) throw new CliException("Not destroyed.");
                }
                await context.Client.Apps.DeleteAppAsync(new DeleteAppRequest { Name = name }, cancellationToken: context.CancellationToken);
                context.Output.Line($"{name} is being stopped and forgotten.");
            }),
        };
    }
}
