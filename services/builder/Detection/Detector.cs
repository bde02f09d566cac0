using Mesh.Builder.Builds;

namespace Mesh.Builder.Detection;

/// <summary>From a source tree to a plan, in a fixed order: Dockerfile, then the languages; the Procfile states the processes.</summary>
public static class Detector
{
    private static readonly ILanguage[] Languages = [new NodeLanguage(), new PythonLanguage(), new DotnetLanguage(), new StaticLanguage()];

    private static readonly (string Marker, string Name)[] Unsupported =
    [
        ("go.mod", "Go"), ("Cargo.toml", "Rust"), ("pom.xml", "Java"), ("build.gradle", "Java"), ("build.gradle.kts", "Kotlin"),
        ("Gemfile", "Ruby"), ("composer.json", "PHP"), ("mix.exs", "Elixir"),
    ];

    /// <summary>Decides how to build <paramref name="tree"/> and tells <paramref name="log"/> why.</summary>
    /// <exception cref="BuildFailedException">The source is not something that can be built here.</exception>
    public static BuildPlan Detect(SourceTree tree, Action<string> log)
    {
        if (tree.Paths.Count == 0)
            throw new BuildFailedException("SOURCE_INVALID", "The source holds no files.");

        var procfile = tree.Has("Procfile") ? Procfile.Parse(tree.Text("Procfile")) : null;
        if (tree.Has("Dockerfile"))
            return FromDockerfile(procfile, log);

        log("No Dockerfile.");
        foreach (var language in Languages)
        {
            if (language.Marker(tree) is not { } marker)
                continue;
            log($"Found {marker}: this is {language.Name}.");
            return language.Plan(tree, Processes(language, tree, procfile, log), log);
        }
        throw Refusal(tree, procfile);
    }

    private static BuildPlan FromDockerfile(IReadOnlyList<ProcessType>? procfile, Action<string> log)
    {
        log("Found Dockerfile: the image is built as it says.");
        log(procfile is null ? "No Procfile: 'web' runs the image's own command." : $"The Procfile states {Names(procfile)}.");
        return new BuildPlan("Dockerfile", "", procfile ?? [new ProcessType("web", "")], [], new Dictionary<string, string>());
    }

    private static IReadOnlyList<ProcessType> Processes(ILanguage language, SourceTree tree, IReadOnlyList<ProcessType>? procfile, Action<string> log)
    {
        if (procfile is not null)
        {
            log($"The Procfile states {Names(procfile)}.");
            return procfile;
        }
        var command = language.DefaultCommand(tree);
        log($"No Procfile: 'web' runs '{command}'.");
        return [new ProcessType("web", command)];
    }

    private static string Names(IEnumerable<ProcessType> processes) => string.Join(", ", processes.Select(process => process.Name));

    private static BuildFailedException Refusal(SourceTree tree, IReadOnlyList<ProcessType>? procfile)
    {
        var known = Unsupported.FirstOrDefault(language => tree.Has(language.Marker));
        if (known.Marker is not null)
            return new BuildFailedException("NOT_DETECTED",
                $"Found {known.Marker}: {known.Name} has no stack here. Add a Dockerfile, or use Node.js, Python, .NET or a static site.");
        var looked = "Looked for Dockerfile, package.json (Node.js), requirements.txt, pyproject.toml, setup.py or *.py (Python), *.csproj or *.fsproj (.NET), index.html (static site).";
        return new BuildFailedException("NOT_DETECTED",
            procfile is null ? $"Nothing in the source says how to build it. {looked}" : $"There is a Procfile, but nothing says which language this is. {looked}");
    }
}
