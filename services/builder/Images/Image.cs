using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mesh.Builder.Images;

/// <summary>An image that is ready to be pushed.</summary>
/// <param name="Config">The config, byte for byte.</param>
/// <param name="Layers">The layers, lowest first.</param>
/// <param name="Stack">The stack below the app's layers; null when none is known.</param>
public sealed record Image(byte[] Config, IReadOnlyList<ImageLayer> Layers, Stack? Stack)
{
    public Descriptor ConfigDescriptor => new(MediaTypes.Config, Digest.Of(Config), Config.Length);

    /// <summary>The manifest: the same config and layers give the same bytes.</summary>
    public byte[] Manifest()
    {
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.Manifest,
            ["config"] = JsonSerializer.SerializeToNode(ConfigDescriptor),
            ["layers"] = JsonSerializer.SerializeToNode(Layers.Select(layer => layer.Layer.Blob)),
        };
        if (Stack is not null)
            manifest["annotations"] = new JsonObject { ["mesh.stack"] = $"stacks/{Stack.Name}@{Stack.Digest}" };
        return Encoding.UTF8.GetBytes(manifest.ToJsonString());
    }
}

/// <summary>A layer and where its bytes are: in a file, in the stack's repository, or in the app's already (both empty).</summary>
public sealed record ImageLayer(Layer Layer, string? File = null, bool IsOfStack = false);
