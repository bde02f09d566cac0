namespace Mesh.Builder.Detection;

/// <summary>How a source becomes an image: decided once, before anything runs.</summary>
/// <param name="Language">What the source is, as people call it.</param>
/// <param name="Stack">The stack image below the app's layers; empty when a Dockerfile names its own.</param>
/// <param name="Processes">The process types by name, in the order of the Procfile.</param>
/// <param name="Layers">The app's own layers, lowest first; none when a Dockerfile makes them.</param>
/// <param name="Environment">Set in the image for every process.</param>
public sealed record BuildPlan(
    string Language,
    string Stack,
    IReadOnlyList<ProcessType> Processes,
    IReadOnlyList<LayerPlan> Layers,
    IReadOnlyDictionary<string, string> Environment)
{
    public bool IsDockerfile => Stack.Length == 0;
}

/// <summary>One process type of an app.</summary>
/// <param name="Name">For instance <c>web</c>.</param>
/// <param name="CommandLine">As a shell would take it; empty: what the image itself starts.</param>
public sealed record ProcessType(string Name, string CommandLine);

/// <summary>One layer of the app: its inputs decide whether the layer of an earlier build is used again.</summary>
/// <param name="Name">Shown in the log.</param>
/// <param name="Inputs">The files that the layer is made from; empty: the whole source.</param>
/// <param name="Steps">Run in isolation, one after the other, in the folder of the inputs.</param>
/// <param name="Output">The folder, relative to the inputs, whose content is kept; empty: all of it.</param>
/// <param name="Target">Where the output lies in the image.</param>
public sealed record LayerPlan(string Name, IReadOnlyList<string> Inputs, IReadOnlyList<BuildStep> Steps, string Output, string Target);

/// <summary>One command of a build.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="FailureHint">Added to the failure's message: what a person can do.</param>
public sealed record BuildStep(IReadOnlyList<string> Command, string FailureHint)
{
    public override string ToString() => string.Join(' ', Command);
}
