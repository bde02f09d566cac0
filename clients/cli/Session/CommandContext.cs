using System.CommandLine;
using Mesh.Cli.Rendering;
using Mesh.Client;
using Mesh.Controller.V1;

namespace Mesh.Cli.Session;

/// <summary>One run of one command: its arguments, its connection and its output.</summary>
internal sealed class CommandContext(ParseResult parsed, CancellationToken cancellationToken) : IDisposable
{
    private readonly Lazy<MeshClient> _client = new(() => Connect(parsed));
    private string? _tenant;

    public CancellationToken CancellationToken => cancellationToken;

    public MeshClient Client => _client.Value;

    public Output Output { get; } = new(parsed.GetValue(GlobalOptions.Output) == "json");

    public T? Value<T>(Option<T> option) => parsed.GetValue(option);

    public T? Value<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>Whether the option stands on the command line.</summary>
    public bool Has(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>The tenant's resource name.</summary>
    public async Task<string> TenantAsync() => _tenant ??= $"tenants/{await TenantIdAsync()}";

    /// <summary>An app's resource name.</summary>
    public async Task<string> AppAsync(string? app) => app is { Length: > 0 }
        ? app.StartsWith("tenants/", StringComparison.Ordinal) ? app : $"{await TenantAsync()}/apps/{app}"
        : throw new CliException("Name the app with --app NAME.", ExitCodes.Usage);

    public void Dispose()
    {
        if (_client.IsValueCreated) _client.Value.Dispose();
    }

    private static MeshClient Connect(ParseResult parsed)
    {
        var profile = new Lazy<Profile?>(Profile.Load);
        var local = new Lazy<LocalStack?>(LocalStack.Find);
        // MESH_HOME names a stack: whoever sets it means that one and not the login.
        var preferLocal = Environment.GetEnvironmentVariable("MESH_HOME") is { Length: > 0 };
        var address = parsed.GetValue(GlobalOptions.Address) ?? Variable("MESH_ADDRESS")
            ?? (preferLocal ? local.Value?.Api.ToString() ?? profile.Value?.Address : profile.Value?.Address ?? local.Value?.Api.ToString())
            ?? throw new CliException("Not signed in. Run `mesh login --address URL --token TOKEN`, or start a stack with `mesh local up`.", ExitCodes.NotAllowed);
        var token = parsed.GetValue(GlobalOptions.Token) ?? Variable("MESH_TOKEN")
            ?? (preferLocal ? local.Value?.Token ?? profile.Value?.Token : profile.Value?.Token ?? local.Value?.Token) ?? "";
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new MeshClient(new MeshClientOptions { Address = uri, Token = token })
            : throw new CliException($"`{address}` is no address. It must look like http://127.0.0.1:8090.", ExitCodes.Usage);
    }

    private async Task<string> TenantIdAsync()
    {
        var given = parsed.GetValue(GlobalOptions.Tenant) ?? Variable("MESH_TENANT");
        if (given is null && Variable("MESH_HOME") is null && Profile.Load() is { Tenant.Length: > 0 } profile) given = profile.Tenant;
        if (given is not null) return given.StartsWith("tenants/", StringComparison.Ordinal) ? given["tenants/".Length..] : given;
        var seen = await Client.Tenants.ListTenantsAsync(new ListTenantsRequest { PageSize = 2 }, cancellationToken: cancellationToken);
        return seen.Tenants.Count switch
        {
            1 => seen.Tenants[0].Name["tenants/".Length..],
            0 => throw new CliException("There is no tenant yet. Create one with `mesh tenants create NAME`.", ExitCodes.Usage),
            _ => throw new CliException("You see more than one tenant. Choose with --tenant NAME or MESH_TENANT.", ExitCodes.Usage),
        };
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
