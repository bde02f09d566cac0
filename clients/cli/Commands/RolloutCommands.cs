using System.CommandLine;
using Google.Protobuf;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Client;
using Mesh.Controller.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh releases`, `rollback`, `ps`, `scale`, `restart`: what runs, and how it changes.</summary>
internal static class RolloutCommands
{
    public static Command Releases() => new Command("releases", "List the releases of an app, newest first") { AppCommands.App }.Does(async context =>
    {
        var app = await context.AppAsync(context.Value(AppCommands.App));
        var response = await context.Client.Releases.ListReleasesAsync(new ListReleasesRequest { Parent = app, PageSize = 50 }, cancellationToken: context.CancellationToken);
        context.Output.List(response, response.Releases, ["RELEASE", "DESCRIPTION", "IMAGE", "BY", "CREATED"], r =>
            [$"v{r.Version}", r.Description, ShortImage(r.Image), Output.Id(r.Creator), Ago.Of(r.CreateTime)]);
    });

    public static Command Rollback()
    {
        var release = new Argument<string?>("release") { Description = "The release to go back to, for instance v3; the one before the newest unless given", Arity = ArgumentArity.ZeroOrOne };
        return new Command("rollback", "Go back to an earlier release") { release, AppCommands.App }.Does(async context =>
        {
            var app = await context.AppAsync(context.Value(AppCommands.App));
            var target = context.Value(release) is { } given ? $"{app}/releases/{given.TrimStart('v')}" : "";
            var request = new RollbackReleaseRequest { Parent = app, Target = target, RequestId = Guid.NewGuid().ToString() };
            var made = (await context.Client.Releases.RollbackReleaseAsync(request, cancellationToken: context.CancellationToken)).Release;
            context.Output.Line($"-----> {made.Description} as v{made.Version}");
            return await FollowAsync(context, app, made.Name, made);
        });
    }

    public static Command Ps() => new Command("ps", "Show the processes of an app") { AppCommands.App }.Does(async context =>
    {
        var app = await context.AppAsync(context.Value(AppCommands.App));
        var request = new GetDeploymentRequest { Name = $"{app}/deployments/production" };
        var deployment = (await context.Client.Deployments.GetDeploymentAsync(request, cancellationToken: context.CancellationToken)).Deployment;
        context.Output.List(deployment, deployment.Processes, ["PROCESS", "WANTED", "HEALTHY", "OLD", "COMMAND", "MESSAGE"], p =>
            [p.Type, $"{p.Desired}", $"{p.Healthy}", $"{p.Old}", p.Command, p.Message]);
        if (!context.Output.IsJson) context.Output.Line($"{deployment.State}: {deployment.Message}");
    });

    public static Command Scale()
    {
        var counts = new Argument<string[]>("TYPE=COUNT") { Description = "For instance web=3", Arity = ArgumentArity.OneOrMore };
        return new Command("scale", "Set how many of each process type run") { counts, AppCommands.App }.Does(async context =>
        {
            var app = await context.AppAsync(context.Value(AppCommands.App));
            var request = new ScaleDeploymentRequest { Name = $"{app}/deployments/production", RequestId = Guid.NewGuid().ToString() };
            foreach (var pair in context.Value(counts)!)
            {
                var split = pair.IndexOf('=', StringComparison.Ordinal);
                if (split < 1 || !int.TryParse(pair[(split + 1)..], out var count)) throw new CliException($"`{pair}` must look like web=3.", ExitCodes.Usage);
                request.Scale[pair[..split]] = count;
            }
            var deployment = (await context.Client.Deployments.ScaleDeploymentAsync(request, cancellationToken: context.CancellationToken)).Deployment;
            return await FollowAsync(context, app, deployment.Release, deployment);
        });
    }

    public static Command Restart() => new Command("restart", "Replace all processes by new ones") { AppCommands.App }.Does(async context =>
    {
        var app = await context.AppAsync(context.Value(AppCommands.App));
        var request = new RestartDeploymentRequest { Name = $"{app}/deployments/production", RequestId = Guid.NewGuid().ToString() };
        var deployment = (await context.Client.Deployments.RestartDeploymentAsync(request, cancellationToken: context.CancellationToken)).Deployment;
        return await FollowAsync(context, app, deployment.Release, deployment);
    });

    /// <summary>Shows a rollout until it runs or fails. As JSON, prints the deployment that came of it.</summary>
    public static async Task<int> FollowAsync(CommandContext context, string app, string release, IMessage begun)
    {
        if (release.Length == 0)
        {
            context.Output.Message(begun);
            return ExitCodes.Ok;
        }
        var last = "";
        await foreach (var deployment in context.Client.Deployments.WatchAsync($"{app}/deployments/production", context.CancellationToken))
        {
            if (deployment.Release != release)
            {
                context.Output.Line($"v{Output.Id(deployment.Release)} took the place of v{Output.Id(release)} meanwhile.");
                return ExitCodes.Failure;
            }
            if (deployment.Message != last) context.Output.Line($"       {deployment.Message}");
            last = deployment.Message;
            switch (deployment.State)
            {
                case Deployment.Types.State.Running when deployment.RunningRelease == release:
                    context.Output.Line($"-----> v{Output.Id(release)} runs at {deployment.Url}");
                    if (context.Output.IsJson) context.Output.Message(deployment);
                    return ExitCodes.Ok;
                case Deployment.Types.State.Failure:
                    throw new CliException($"v{Output.Id(release)} does not run: {deployment.Message}");
                default:
                    break;
            }
        }
        throw new CliException("The rollout could not be followed to its end. See `mesh ps`.", ExitCodes.Unavailable);
    }

    private static string ShortImage(string image)
    {
        var at = image.IndexOf("@sha256:", StringComparison.Ordinal);
        return at < 0 ? image : image[..Math.Min(image.Length, at + "@sha256:".Length + 12)];
    }
}
