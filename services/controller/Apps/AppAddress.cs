using Mesh.Common.Hosting;
using Mesh.Common.Names;

namespace Mesh.Controller.Apps;

/// <summary>Under which names apps answer.</summary>
public sealed class AppAddress(MeshOptions options, IConfiguration configuration)
{
    /// <summary>The name of the deployment that each app is made with.</summary>
    public const string Production = "production";

    // The edge may be reached at another port than 80: MESH_PUBLIC_URL says how, for instance `http://localhost:8080`.
    private readonly Uri? _public = configuration["MESH_PUBLIC_URL"] is { Length: > 0 } url ? new Uri(url) : null;

    /// <summary>`shop.acme.example.org` for production, `staging.shop.acme.example.org` for others.</summary>
    public string HostOf(DeploymentName name) => name.Deployment == Production
        ? $"{name.App}.{name.Tenant}.{options.Domain}"
        : $"{name.Deployment}.{name.App}.{name.Tenant}.{options.Domain}";

    public string UrlOf(DeploymentName name) => _public is null
        ? $"http://{HostOf(name)}/"
        : new UriBuilder(_public.Scheme, HostOf(name), _public.IsDefaultPort ? -1 : _public.Port).Uri.ToString();

    public string UrlOf(AppName name) => UrlOf(new DeploymentName(name.Tenant, name.App, Production));

    /// <summary>Where git pushes go: the edge passes `/git/` on to the builder.</summary>
    public string GitUrlOf(AppName name) => $"{(_public ?? new Uri($"http://{options.Domain}")).GetLeftPart(UriPartial.Authority)}/git/{name.Tenant}/{name.App}.git";
}
