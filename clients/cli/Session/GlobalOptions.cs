using System.CommandLine;

namespace Mesh.Cli.Session;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static Option<string?> Address { get; } = new("--address")
    {
        Description = "The API's address [MESH_ADDRESS, else the login's, else the local stack's]", Recursive = true, HelpName = "URL",
    };

    public static Option<string?> Token { get; } = new("--token")
    {
        Description = "The token [MESH_TOKEN, else the login's, else the local stack's]", Recursive = true, HelpName = "TOKEN",
    };

    public static Option<string?> Tenant { get; } = new("--tenant", "-t")
    {
        Description = "The tenant [MESH_TENANT, else the login's, else the only one that you see]", Recursive = true, HelpName = "TENANT",
    };

    public static Option<string> Output { get; } = MakeOutput();

    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Tell the reason and the request id of errors", Recursive = true };

    private static Option<string> MakeOutput()
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = "How to print: table or json", Recursive = true, DefaultValueFactory = _ => "table",
        };
        option.AcceptOnlyFromAmong("table", "json");
        return option;
    }
}
