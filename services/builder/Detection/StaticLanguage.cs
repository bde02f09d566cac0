namespace Mesh.Builder.Detection;

internal sealed class StaticLanguage : ILanguage
{
    public string Name => "a static site";

    public string? Marker(SourceTree tree) => tree.Has("index.html") ? "index.html" : tree.Has("public/index.html") ? "public/index.html" : null;

    public string DefaultCommand(SourceTree tree) => tree.Has("index.html") ? "serve-static /app" : "serve-static /app/public";

    public BuildPlan Plan(SourceTree tree, IReadOnlyList<ProcessType> processes, Action<string> log) =>
        new("static site", "static", processes, [new LayerPlan("app", [], [], "", "app")], new Dictionary<string, string>());
}
