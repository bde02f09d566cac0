using System.Text.Json;
using Mesh.Builder.Builds;

namespace Mesh.Builder.Detection;

internal sealed class NodeLanguage : ILanguage
{
    private static readonly string[] DefaultFiles = ["server.js", "index.js", "app.js", "main.js"];
    private static readonly string[] DependencyFiles = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];

    private static readonly string[] InstallScripts = ["preinstall", "install", "postinstall", "prepare"];
    private static readonly string[] DependencyGroups = ["dependencies", "optionalDependencies"];

    public string Name => "Node.js";

    public string? Marker(SourceTree tree) => tree.Has("package.json") ? "package.json" : null;

    public string DefaultCommand(SourceTree tree)
    {
        var package = Read(tree);
        if (Script(package, "start") is { } start)
            return start.StartsWith("node ", StringComparison.Ordinal) ? start : "npm start";
        if (Text(package, "main") is { } main && tree.Has(main.StartsWith("./", StringComparison.Ordinal) ? main[2..] : main))
            return $"node {main}";
        return DefaultFiles.FirstOrDefault(tree.Has) is { } file
            ? $"node {file}"
            : throw new BuildFailedException("NOT_DETECTED",
                $"Nothing says how to start the app. Looked for a Procfile, scripts.start and main in package.json, and {string.Join(", ", DefaultFiles)}.");
    }

    public BuildPlan Plan(SourceTree tree, IReadOnlyList<ProcessType> processes, Action<string> log)
    {
        var package = Read(tree);
        var source = new LayerPlan("app", [], [], "", "app");
        if (Script(package, "build") is not null)
            return Plan(processes, [source with { Steps = StepsWithBuild(tree, package, log) }]);
        if (!HasAny(package, DependencyGroups))
        {
            log("package.json has no dependencies: nothing is installed.");
            return Plan(processes, [source]);
        }
        if (NeedsSource(package))
        {
            log("Installing needs the source: dependencies and app are one layer.");
            return Plan(processes, [source with { Steps = [Install(tree, log, "--omit=dev")] }]);
        }
        var inputs = DependencyFiles.Where(tree.Has).ToArray();
        return Plan(processes, [new LayerPlan("dependencies", inputs, [Install(tree, log, "--omit=dev")], "node_modules", "app/node_modules"), source]);
    }

    private static BuildPlan Plan(IReadOnlyList<ProcessType> processes, IReadOnlyList<LayerPlan> layers) =>
        new("Node.js", "node", processes, layers, new Dictionary<string, string>());

    // Scripts and packages of the source itself take part in the installation.
    private static bool NeedsSource(JsonElement package) =>
        InstallScripts.Any(script => Script(package, script) is not null)
        || package.TryGetProperty("workspaces", out _)
        || DependencyGroups.Any(group => package.TryGetProperty(group, out var value) && value.ValueKind == JsonValueKind.Object
            && value.EnumerateObject().Any(dependency => dependency.Value.ToString().StartsWith("file:", StringComparison.Ordinal)));

    private static List<BuildStep> StepsWithBuild(SourceTree tree, JsonElement package, Action<string> log)
    {
        var steps = new List<BuildStep>();
        var hasDependencies = HasAny(package, "dependencies", "optionalDependencies", "devDependencies");
        if (hasDependencies)
            steps.Add(Install(tree, log, "--include=dev"));
        log("package.json has scripts.build: it is run.");
        steps.Add(new BuildStep(["npm", "run", "build"], "scripts.build in package.json must work in the stack image."));
        if (hasDependencies)
            steps.Add(new BuildStep(["npm", "prune", "--omit=dev", "--no-audit", "--no-fund"], ""));
        return steps;
    }

    private static BuildStep Install(SourceTree tree, Action<string> log, string dependencies)
    {
        if (tree.Has("package-lock.json") || tree.Has("npm-shrinkwrap.json"))
        {
            log("Dependencies are installed as package-lock.json says.");
            return new BuildStep(["npm", "ci", dependencies, "--no-audit", "--no-fund"], "Is package-lock.json in step with package.json, and is the package registry reachable?");
        }
        log("There is no package-lock.json: the newest dependencies that package.json allows are installed.");
        return new BuildStep(["npm", "install", dependencies, "--no-audit", "--no-fund", "--no-package-lock"], "Is the package registry reachable?");
    }

    private static JsonElement Read(SourceTree tree)
    {
        try
        {
            using var document = JsonDocument.Parse(tree.Text("package.json"));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document.RootElement.Clone();
            throw new BuildFailedException("SOURCE_INVALID", "package.json is not a JSON object.");
        }
        catch (JsonException error)
        {
            throw new BuildFailedException("SOURCE_INVALID", $"package.json is not valid JSON, line {error.LineNumber + 1}.", error);
        }
    }

    private static string? Script(JsonElement package, string name) =>
        package.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == JsonValueKind.Object ? Text(scripts, name) : null;

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static bool HasAny(JsonElement package, params string[] groups) =>
        groups.Any(group => package.TryGetProperty(group, out var value) && value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any());
}
