using Mesh.Builder.Builds;

namespace Mesh.Builder.Detection;

internal sealed class PythonLanguage : ILanguage
{
    private static readonly string[] Manifests = ["requirements.txt", "pyproject.toml", "setup.py"];
    private static readonly string[] DefaultFiles = ["app.py", "main.py", "server.py"];

    public string Name => "Python";

    public string? Marker(SourceTree tree) =>
        Manifests.FirstOrDefault(tree.Has) ?? tree.Root.Where(path => path.EndsWith(".py", StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault();

    public string DefaultCommand(SourceTree tree) =>
        DefaultFiles.FirstOrDefault(tree.Has) is { } file
            ? $"python3 {file}"
            : throw new BuildFailedException("NOT_DETECTED",
                $"Nothing says how to start the app. Looked for a Procfile and {string.Join(", ", DefaultFiles)}.");

    public BuildPlan Plan(SourceTree tree, IReadOnlyList<ProcessType> processes, Action<string> log)
    {
        var source = new LayerPlan("app", [], [], "", "app");
        var environment = new Dictionary<string, string> { ["PATH"] = "/app/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
        if (tree.Has("requirements.txt"))
        {
            log("Dependencies are installed as requirements.txt says.");
            var layer = new LayerPlan("dependencies", ["requirements.txt"], Install("-r", "requirements.txt"), ".venv", "app/.venv");
            return new BuildPlan(Name, "python", processes, [layer, source], environment);
        }
        if (tree.Has("pyproject.toml") || tree.Has("setup.py"))
        {
            log("The project is installed with pip.");
            return new BuildPlan(Name, "python", processes, [source with { Steps = Install(".") }], environment);
        }
        log("There is no requirements.txt: nothing is installed.");
        return new BuildPlan(Name, "python", processes, [source], new Dictionary<string, string>());
    }

    // The virtual environment lies where it will lie in the image: its scripts hold that path.
    private static BuildStep[] Install(params string[] what) =>
    [
        new(["python3", "-m", "venv", "--without-pip", ".venv"], ""),
        new(["python3", "-m", "pip", "--python", ".venv/bin/python3", "install", "--no-compile", "--no-input", .. what], "Is the package index reachable?"),
    ];
}
