using System.Xml;
using System.Xml.Linq;
using Mesh.Builder.Builds;

namespace Mesh.Builder.Detection;

internal sealed class DotnetLanguage : ILanguage
{
    private const string Framework = "net10.0";

    public string Name => ".NET";

    public string? Marker(SourceTree tree) => Projects(tree).FirstOrDefault();

    public string DefaultCommand(SourceTree tree) => $"dotnet {Choose(tree).Assembly}.dll";

    public BuildPlan Plan(SourceTree tree, IReadOnlyList<ProcessType> processes, Action<string> log)
    {
        var project = Choose(tree);
        log($"{project.Path} is published.");
        if (project.Framework is { } framework && framework != Framework)
            throw new BuildFailedException("NOT_DETECTED", $"{project.Path} targets {framework}; the stack has {Framework}.");
        var publish = new BuildStep(
            ["dotnet", "publish", project.Path, "--configuration", "Release", "--output", "/app/.mesh-publish", "--nologo", "-p:UseAppHost=false"],
            "Does 'dotnet publish' work on your machine?");
        return new BuildPlan(Name, "dotnet", processes, [new LayerPlan("app", [], [publish], ".mesh-publish", "app")], new Dictionary<string, string>());
    }

    private static IEnumerable<string> Projects(SourceTree tree) =>
        tree.WithExtension(".csproj", ".fsproj").Where(path => path.Count(c => c == '/') <= 3).OrderBy(path => path.Count(c => c == '/'));

    private static Project Choose(SourceTree tree)
    {
        var runnable = Projects(tree).Select(path => Project.Read(path, tree.Text(path))).Where(project => project.IsRunnable && !project.IsTest).ToArray();
        if (runnable.Length == 0)
            throw new BuildFailedException("NOT_DETECTED",
                $"No project here starts a program: looked at {string.Join(", ", Projects(tree))} for the SDK Microsoft.NET.Sdk.Web or Worker, or OutputType Exe.");
        Project[][] preferences = [runnable, [.. runnable.Where(project => project.IsWeb)], [.. runnable.Where(project => !project.Path.Contains('/', StringComparison.Ordinal))]];
        return preferences.FirstOrDefault(some => some.Length == 1)?[0]
            ?? throw new BuildFailedException("NOT_DETECTED",
                $"Several projects could be the app: {string.Join(", ", runnable.Select(project => project.Path))}. Deploy the folder of one of them, or add a Dockerfile.");
    }

    private sealed record Project(string Path, string Assembly, string? Framework, bool IsWeb, bool IsRunnable, bool IsTest)
    {
        public static Project Read(string path, string text)
        {
            try
            {
                var root = XDocument.Parse(text).Root!;
                string? Value(string name) => root.Descendants().LastOrDefault(element => element.Name.LocalName == name)?.Value.Trim();
                var sdk = root.Attribute("Sdk")?.Value ?? "";
                var isWeb = sdk.StartsWith("Microsoft.NET.Sdk.Web", StringComparison.Ordinal);
                var isRunnable = isWeb || sdk.StartsWith("Microsoft.NET.Sdk.Worker", StringComparison.Ordinal) || Value("OutputType") is "Exe" or "WinExe";
                var isTest = Value("IsTestProject") == "true" || text.Contains("Microsoft.NET.Test.Sdk", StringComparison.Ordinal);
                return new Project(path, Value("AssemblyName") ?? System.IO.Path.GetFileNameWithoutExtension(path), Value("TargetFramework"), isWeb, isRunnable, isTest);
            }
            catch (XmlException error)
            {
                throw new BuildFailedException("SOURCE_INVALID", $"{path} is not valid XML, line {error.LineNumber}.", error);
            }
        }
    }
}
