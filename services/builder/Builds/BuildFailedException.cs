namespace Mesh.Builder.Builds;

/// <summary>
/// A build cannot succeed, whoever tries it how often: the source or its settings are at fault. The message is shown to the person who
/// pushed.
/// </summary>
public sealed class BuildFailedException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why, as an UPPER_SNAKE word that programs can rely on.</summary>
    public string Reason { get; } = reason;
}
