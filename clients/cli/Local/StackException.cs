namespace Mesh.Cli.Local;

/// <summary>The stack cannot do what was asked; the message is one clear sentence.</summary>
internal sealed class StackException(string message) : Exception(message);
