using Mesh.Common.Errors;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Manifests;

/// <summary>The resource name of an image, <c>tenants/{tenant}/repositories/{repository}/images/{digest or tag}</c>.</summary>
public sealed record ImageName(RepositoryPath Repository, Reference Reference)
{
    private const string Images = "/images/";

    public static ImageName Parse(string value, string field)
    {
        var end = value.LastIndexOf(Images, StringComparison.Ordinal);
        return end < 0
            ? throw MeshException.InvalidArgument(field, "It must be tenants/{tenant}/repositories/{repository}/images/{digest or tag}.")
            : new ImageName(RepositoryPath.ParseResource(value[..end], field), Reference.Parse(value[(end + Images.Length)..]));
    }

    public override string ToString() => $"{Repository.ResourceName}{Images}{Reference}";
}
