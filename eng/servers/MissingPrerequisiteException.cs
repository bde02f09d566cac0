namespace Mesh.Servers;

/// <summary>Something that a command installs or builds is not there; the message names the command.</summary>
public sealed class MissingPrerequisiteException(string message) : Exception(message);
