using System.Text;
using System.Text.Json.Nodes;
using Mesh.Builder.Builds;
using Mesh.Builder.Images;

namespace Mesh.Builder.Sboms;

/// <summary>Writes what an image is made of as CycloneDX 1.5 JSON: the stack's Debian packages and what the source's lock files name.</summary>
public sealed class SbomWriter(DebianPackages debian)
{
    public async Task<byte[]> WriteAsync(BuildJob job, Image image, CancellationToken cancellationToken)
    {
        var components = new List<Component>();
        if (image.Stack is { } stack)
            components.AddRange(await debian.OfAsync(stack, cancellationToken));
        components.AddRange(LockFiles.Read(job.Folder.Source));
        await job.Log.LineAsync($"The SBOM names {components.Count} components.", cancellationToken);
        return Write(job, components);
    }

    private static byte[] Write(BuildJob job, IEnumerable<Component> components)
    {
        var sbom = new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.5",
            ["version"] = 1,
            ["metadata"] = new JsonObject
            {
                ["component"] = new JsonObject
                {
                    ["type"] = "container",
                    ["name"] = job.Repository.OciName,
                    ["version"] = job.Source.CommitId.Length > 0 ? job.Source.CommitId : job.Source.Digest,
                },
            },
            ["components"] = new JsonArray([.. components.DistinctBy(component => component.Purl).OrderBy(component => component.Purl, StringComparer.Ordinal).Select(Json)]),
        };
        return Encoding.UTF8.GetBytes(sbom.ToJsonString());
    }

    private static JsonObject Json(Component component) => new()
    {
        ["type"] = "library",
        ["bom-ref"] = component.Purl,
        ["name"] = component.Name,
        ["version"] = component.Version,
        ["purl"] = component.Purl,
    };
}

/// <summary>One thing that an image holds.</summary>
/// <param name="Name">As its package system has it.</param>
/// <param name="Version">The exact version.</param>
/// <param name="Purl">The package URL.</param>
public sealed record Component(string Name, string Version, string Purl);
