namespace Mesh.Agent.Images;

/// <summary>An image cannot be used: it is not what its digest says, or holds what is refused. Pulling again does not help.</summary>
public sealed class ImageException(string message, Exception? inner = null) : Exception(message, inner);
