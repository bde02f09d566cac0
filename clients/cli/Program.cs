using System.CommandLine;
using Mesh.Cli.Commands;
using Mesh.Cli.Local;
using Mesh.Cli.Session;

// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not allowed, 5 Mesh is away.
var root = new RootCommand("mesh: from source to running, routed and observed")
{
    GlobalOptions.Address, GlobalOptions.Token, GlobalOptions.Tenant, GlobalOptions.Output, GlobalOptions.Verbose,
    LoginCommands.Login(), LoginCommands.WhoAmI(),
    TenantCommands.Tenants(), TenantCommands.Members(), TenantCommands.Tokens(),
    AppCommands.Create(), DeployCommand.Create(),
    RolloutCommands.Releases(), RolloutCommands.Rollback(), RolloutCommands.Ps(), RolloutCommands.Scale(), RolloutCommands.Restart(),
    ConfigCommands.Create(), AppLogsCommand.Create(), MetricsCommand.Create(), TraceCommands.Create(), TargetCommands.Create(),
    AlertCommands.Create(), FindingCommands.Create(),
    NodeCommands.Create(), LocalCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors) Console.Error.WriteLine($"mesh: {error.Message}");
    Console.Error.WriteLine("See `mesh --help`.");
    return ExitCodes.Usage;
}
return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = true });
