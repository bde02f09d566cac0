using Mesh.Builder.Builds;
using Mesh.Builder.Detection;

namespace Mesh.Builder.Tests.Detection;

public sealed class DetectorTests
{
    private const string Web = """<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>""";
    private const string Library = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>""";
    private const string Console = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><AssemblyName>tool</AssemblyName></PropertyGroup></Project>""";
    private const string Test = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><IsTestProject>true</IsTestProject></PropertyGroup></Project>""";

    /// <summary>Files as `path` or `path=text`; then language, stack, layers and processes.</summary>
    public static TheoryData<string[], string, string, string, string> Found => new()
    {
        { ["Dockerfile"], "Dockerfile", "", "", "web=" },
        { ["Dockerfile", "package.json={}"], "Dockerfile", "", "", "web=" },
        { ["Dockerfile", "Procfile=web: ./run\nworker: ./work"], "Dockerfile", "", "", "web=./run;worker=./work" },
        { ["package.json={}", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["package.json={}", "index.js"], "Node.js", "node", "app", "web=node index.js" },
        { ["package.json={}", "index.js", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["""package.json={"main":"lib/start.js"}""", "lib/start.js"], "Node.js", "node", "app", "web=node lib/start.js" },
        { ["""package.json={"main":"./start.js"}""", "start.js"], "Node.js", "node", "app", "web=node ./start.js" },
        { ["""package.json={"main":"gone.js"}""", "app.js"], "Node.js", "node", "app", "web=node app.js" },
        { ["""package.json={"scripts":{"start":"node a.js --x"}}"""], "Node.js", "node", "app", "web=node a.js --x" },
        { ["""package.json={"scripts":{"start":"next start"}}"""], "Node.js", "node", "app", "web=npm start" },
        { ["package.json={}", "Procfile=web: node x.js"], "Node.js", "node", "app", "web=node x.js" },
        { ["package.json={}", "Procfile=worker: node w.js"], "Node.js", "node", "app", "worker=node w.js" },
        { ["""package.json={"dependencies":{"a":"1"}}""", "package-lock.json", "server.js"], "Node.js", "node", "dependencies,app", "web=node server.js" },
        { ["""package.json={"dependencies":{"a":"1"}}""", "server.js"], "Node.js", "node", "dependencies,app", "web=node server.js" },
        { ["""package.json={"dependencies":{}}""", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["""package.json={"devDependencies":{"a":"1"}}""", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["""package.json={"dependencies":{"a":"1"},"scripts":{"build":"tsc"}}""", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["""package.json={"dependencies":{"a":"1"},"scripts":{"postinstall":"x"}}""", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["""package.json={"dependencies":{"a":"file:./a"}}""", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["""package.json={"dependencies":{"a":"1"},"workspaces":["a"]}""", "server.js"], "Node.js", "node", "app", "web=node server.js" },
        { ["package.json={}", "server.js", "requirements.txt"], "Node.js", "node", "app", "web=node server.js" },
        { ["requirements.txt=", "app.py"], "Python", "python", "dependencies,app", "web=python3 app.py" },
        { ["requirements.txt=", "main.py"], "Python", "python", "dependencies,app", "web=python3 main.py" },
        { ["app.py"], "Python", "python", "app", "web=python3 app.py" },
        { ["tool.py", "Procfile=web: python3 tool.py"], "Python", "python", "app", "web=python3 tool.py" },
        { ["pyproject.toml", "Procfile=web: serve"], "Python", "python", "app", "web=serve" },
        { ["setup.py", "server.py"], "Python", "python", "app", "web=python3 server.py" },
        { ["hello.csproj=" + Web, "Program.cs"], ".NET", "dotnet", "app", "web=dotnet hello.dll" },
        { ["tool.csproj=" + Console], ".NET", "dotnet", "app", "web=dotnet tool.dll" },
        { ["other.csproj=" + Console], ".NET", "dotnet", "app", "web=dotnet tool.dll" },
        { ["src/shop/shop.csproj=" + Web, "src/model/model.csproj=" + Library], ".NET", "dotnet", "app", "web=dotnet shop.dll" },
        { ["src/shop/shop.csproj=" + Web, "src/tool/tool.csproj=" + Console], ".NET", "dotnet", "app", "web=dotnet shop.dll" },
        { ["shop/shop.csproj=" + Web, "tests/tests.csproj=" + Test], ".NET", "dotnet", "app", "web=dotnet shop.dll" },
        { ["hello.csproj=" + Web, "Procfile=web: dotnet hello.dll --fast"], ".NET", "dotnet", "app", "web=dotnet hello.dll --fast" },
        { ["index.html", "style.css"], "static site", "static", "app", "web=serve-static /app" },
        { ["public/index.html"], "static site", "static", "app", "web=serve-static /app/public" },
        { ["index.html", "app.py"], "Python", "python", "app", "web=python3 app.py" },
    };

    [Theory]
    [MemberData(nameof(Found))]
    public void A_source_has_one_plan(string[] files, string language, string stack, string layers, string processes)
    {
        var plan = Detector.Detect(Tree(files), _ => { });

        Assert.Equal(language, plan.Language);
        Assert.Equal(stack, plan.Stack);
        Assert.Equal(layers, string.Join(',', plan.Layers.Select(layer => layer.Name)));
        Assert.Equal(processes, string.Join(';', plan.Processes.Select(process => $"{process.Name}={process.CommandLine}")));
    }

    public static TheoryData<string[], string, string> Refused => new()
    {
        { [], "SOURCE_INVALID", "no files" },
        { ["README.md"], "NOT_DETECTED", "Looked for Dockerfile, package.json" },
        { ["Procfile=web: ./run"], "NOT_DETECTED", "There is a Procfile, but" },
        { ["go.mod", "main.go"], "NOT_DETECTED", "Go has no stack" },
        { ["Cargo.toml"], "NOT_DETECTED", "Rust has no stack" },
        { ["Gemfile"], "NOT_DETECTED", "Ruby has no stack" },
        { ["deep/package.json={}"], "NOT_DETECTED", "Looked for" },
        { ["package.json={"], "SOURCE_INVALID", "package.json is not valid JSON, line 1" },
        { ["package.json=[]"], "SOURCE_INVALID", "not a JSON object" },
        { ["package.json={}"], "NOT_DETECTED", "scripts.start and main" },
        { ["requirements.txt"], "NOT_DETECTED", "Procfile and app.py" },
        { ["lib.csproj=" + Library], "NOT_DETECTED", "No project here starts a program" },
        { ["a.csproj=<Project"], "SOURCE_INVALID", "a.csproj is not valid XML, line 1" },
        { ["a/a.csproj=" + Web, "b/b.csproj=" + Web], "NOT_DETECTED", "a/a.csproj, b/b.csproj" },
        { ["a.csproj=" + Web.Replace("net10.0", "net6.0", StringComparison.Ordinal)], "NOT_DETECTED", "targets net6.0" },
        { ["package.json={}", "Procfile="], "PROCFILE_INVALID", "no process type" },
        { ["package.json={}", "Procfile=web node"], "PROCFILE_INVALID", "line 1: there is no ':'" },
        { ["package.json={}", "Procfile=# x\nWeb: node"], "PROCFILE_INVALID", "line 2: 'Web'" },
        { ["package.json={}", "Procfile=web:"], "PROCFILE_INVALID", "has no command" },
        { ["package.json={}", "Procfile=web: a\nweb: b"], "PROCFILE_INVALID", "line 2: process type 'web' is stated twice" },
        { ["Dockerfile", "Procfile=web: a\u0007"], "PROCFILE_INVALID", "control character" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_cannot_be_built_is_refused_with_what_was_looked_for(string[] files, string reason, string message)
    {
        var failure = Assert.Throws<BuildFailedException>(() => Detector.Detect(Tree(files), _ => { }));

        Assert.Equal(reason, failure.Reason);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_says_why()
    {
        var log = new List<string>();

        Detector.Detect(Tree(["""package.json={"dependencies":{"a":"1"}}""", "package-lock.json", "server.js"]), log.Add);

        Assert.Equal(
            [
                "No Dockerfile.",
                "Found package.json: this is Node.js.",
                "No Procfile: 'web' runs 'node server.js'.",
                "Dependencies are installed as package-lock.json says.",
            ], log);
    }

    [Fact]
    public void Code_does_not_belong_to_the_inputs_of_the_dependencies()
    {
        var plan = Detector.Detect(Tree(["""package.json={"dependencies":{"a":"1"}}""", "package-lock.json", "server.js"]), _ => { });

        Assert.Equal(["package.json", "package-lock.json"], plan.Layers[0].Inputs);
        Assert.Equal("npm ci --omit=dev --no-audit --no-fund", Assert.Single(plan.Layers[0].Steps).ToString());
    }

    private static SourceTree Tree(string[] files)
    {
        var split = files.Select(file => file.Split('=', 2)).ToArray();
        return new SourceTree(split.Select(file => file[0]), split.Where(file => file.Length == 2).ToDictionary(file => file[0], file => file[1]));
    }
}
