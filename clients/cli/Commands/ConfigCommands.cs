using System.CommandLine;
using Mesh.Cli.Session;
using Mesh.Controller.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh config …`.</summary>
internal static class ConfigCommands
{
    public static Command Create()
    {
        var pairs = new Argument<string[]>("NAME=VALUE") { Arity = ArgumentArity.OneOrMore };
        var names = new Argument<string[]>("NAME") { Arity = ArgumentArity.OneOrMore };
        var secret = new Option<bool>("--secret") { Description = "Encrypt the values and never show them again" };
        return new Command("config", "Manage an app's environment; every change makes a release")
        {
            new Command("set", "Set variables") { pairs, secret, AppCommands.App }.Does(async context =>
            {
                var request = new SetConfigRequest();
                foreach (var pair in context.Value(pairs)!)
                {
                    var split = pair.IndexOf('=', StringComparison.Ordinal);
                    if (split < 1) throw new CliException($"`{pair}` must look like NAME=VALUE.", ExitCodes.Usage);
                    request.Set[pair[..split]] = new Variable { Value = pair[(split + 1)..], Secret = context.Value(secret) };
                }
                await ChangeAsync(context, request);
            }),
            new Command("unset", "Unset variables") { names, AppCommands.App }.Does(async context =>
                await ChangeAsync(context, new SetConfigRequest { Unset = { context.Value(names)! } })),
            new Command("list", "Show the variables") { AppCommands.App }.Does(async context =>
            {
                var name = $"{await context.AppAsync(context.Value(AppCommands.App))}/config";
                var config = (await context.Client.Config.GetConfigAsync(new GetConfigRequest { Name = name }, cancellationToken: context.CancellationToken)).Config;
                context.Output.List(config, config.Variables.OrderBy(v => v.Key, StringComparer.Ordinal), ["NAME", "VALUE"], v =>
                    [v.Key, v.Value.Secret ? "(secret)" : v.Value.Value]);
            }),
        };
    }

    private static async Task ChangeAsync(CommandContext context, SetConfigRequest request)
    {
        var app = await context.AppAsync(context.Value(AppCommands.App));
        request.Name = $"{app}/config";
        request.RequestId = Guid.NewGuid().ToString();
        var response = await context.Client.Config.SetConfigAsync(request, cancellationToken: context.CancellationToken);
        if (response.Release is { } release)
        {
            context.Output.Line($"-----> {release.Description} as v{release.Version}");
            await RolloutCommands.FollowAsync(context, app, release.Name, release);
        }
        else
        {
            context.Output.Message(response.Config, ("Version", $"{response.Config.Version}"));
        }
    }
}
