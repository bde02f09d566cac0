namespace Mesh.Builder.Detection;

/// <summary>One language that builds without a Dockerfile.</summary>
internal interface ILanguage
{
    string Name { get; }

    /// <summary>The file that says that a source is of this language, or null.</summary>
    string? Marker(SourceTree tree);

    /// <summary>What <c>web</c> runs when there is no Procfile.</summary>
    string DefaultCommand(SourceTree tree);

    BuildPlan Plan(SourceTree tree, IReadOnlyList<ProcessType> processes, Action<string> log);
}
