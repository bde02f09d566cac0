namespace Mesh.Agent.Images;

/// <summary>An image that is here, unpacked.</summary>
/// <param name="Layers">The names of its layers in the layer folder, the lowest first.</param>
public sealed record LocalImage(string Digest, ImageDefaults Defaults, IReadOnlyList<string> Layers);
