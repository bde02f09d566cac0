namespace Mesh.Agent.Runtime;

/// <summary>A container cannot be started or asked, for a reason that its owner can act on.</summary>
public sealed class RuntimeException(string message, Exception? inner = null) : Exception(message, inner);
