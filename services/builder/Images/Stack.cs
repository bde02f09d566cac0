using Mesh.Common.Names;

namespace Mesh.Builder.Images;

/// <summary>A stack image: what apps of one language are built on.</summary>
/// <param name="Name">For instance <c>node</c>.</param>
/// <param name="Digest">Of its manifest.</param>
/// <param name="Config">Its config, byte for byte.</param>
/// <param name="Layers">Its layers, lowest first.</param>
public sealed record Stack(string Name, string Digest, byte[] Config, IReadOnlyList<Layer> Layers)
{
    public RepositoryName Repository => RepositoryOf(Name);

    public static RepositoryName RepositoryOf(string name) => new("stacks", name);
}
