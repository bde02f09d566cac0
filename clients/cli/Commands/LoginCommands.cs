using System.CommandLine;
using Mesh.Cli.Session;
using Mesh.Client;
using Mesh.Controller.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh login`, `mesh whoami`.</summary>
internal static class LoginCommands
{
    public static Command Login()
    {
        var local = new Option<bool>("--local") { Description = "Sign in to the stack that runs on this machine" };
        return new Command("login", "Sign in: keep an address and a token for later commands") { local }.Does(async context =>
        {
            var stack = context.Value(local) ? LocalStack.Find() ?? throw new CliException("No stack runs on this machine. Start one with `mesh local up`.") : null;
            var address = stack?.Api.ToString() ?? context.Value(GlobalOptions.Address) ?? Ask("Address", hidden: false);
            var token = stack?.Token ?? context.Value(GlobalOptions.Token) ?? Ask("Token", hidden: true);
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri)) throw new CliException($"`{address}` is no address.", ExitCodes.Usage);
            using var client = new MeshClient(new MeshClientOptions { Address = uri, Token = token });
            var caller = (await client.Tokens.GetCallerAsync(new GetCallerRequest(), cancellationToken: context.CancellationToken)).Caller;
            var tenant = context.Value(GlobalOptions.Tenant) ?? (caller.Memberships.Count == 1 ? caller.Memberships[0].Tenant["tenants/".Length..] : "");
            var file = new Profile(address, token, tenant).Save();
            context.Output.Message(caller, ("Signed in as", caller.Subject), ("Address", address), ("Kept in", file));
        });
    }

    public static Command WhoAmI() => new Command("whoami", "Show who you are and which roles you have").Does(async context =>
    {
        var caller = (await context.Client.Tokens.GetCallerAsync(new GetCallerRequest(), cancellationToken: context.CancellationToken)).Caller;
        var roles = string.Join(", ", caller.Memberships.Select(m => $"{m.Tenant} {m.Role.ToString().ToLowerInvariant()}"));
        context.Output.Message(caller, ("Subject", caller.Subject), ("Operator", caller.Operator ? "yes" : "no"), ("Roles", roles.Length > 0 ? roles : "-"));
    });

    private static string Ask(string what, bool hidden)
    {
        if (Console.IsInputRedirected) return Console.In.ReadLine()?.Trim() ?? throw new CliException($"Give --{what.ToLowerInvariant()}.", ExitCodes.Usage);
        var prompt = new Spectre.Console.TextPrompt<string>($"{what}:");
        if (hidden) prompt.IsSecret = true;
        return Spectre.Console.AnsiConsole.Prompt(prompt).Trim();
    }
}
