using System.Diagnostics;
using Mesh.Builder.V1;
using State = Mesh.Builder.V1.Build.Types.State;

namespace Mesh.Builder.Tests.Git;

[Trait("Needs", "servers")]
[Collection(nameof(BuilderCollection))]
public sealed class GitPushTests(BuilderFixture fixture) : IDisposable
{
    private const string Server = "require('http').createServer((_, r) => r.end('hello')).listen(process.env.PORT)";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_push_to_main_builds_and_releases_and_shows_the_log()
    {
        var app = await fixture.CreateAppAsync("pushed");
        await CommitAsync(("package.json", "{}"), ("server.js", Server));

        var (exit, output) = await PushAsync("pushed", "main");

        Assert.True(exit == 0, output);
        Assert.Contains("remote: Found package.json: this is Node.js.", output, StringComparison.Ordinal);
        Assert.Contains("remote: Released as v1.", output, StringComparison.Ordinal);
        Assert.Contains("main -> main", output, StringComparison.Ordinal);
        var build = Assert.Single((await fixture.Builds.ListBuildsAsync(new ListBuildsRequest { Parent = app })).Builds);
        var source = (await fixture.Sources.GetSourceAsync(new GetSourceRequest { Name = build.Source })).Source;
        Assert.Equal((State.Succeeded, "main"), (build.State, source.Branch));
        Assert.Equal((await GitAsync("rev-parse", "HEAD")).Output.Trim(), source.Commit);

        var (cloned, clone) = await GitAsync("clone", "--quiet", Url("pushed"), folder["clone"]);
        Assert.True(cloned == 0, clone);
        Assert.True(File.Exists(folder["clone/server.js"]));
    }

    [Fact]
    public async Task A_push_that_does_not_build_is_refused()
    {
        await fixture.CreateAppAsync("refused");
        await CommitAsync(("README.md", "nothing to run"));

        var (exit, output) = await PushAsync("refused", "main");

        Assert.NotEqual(0, exit);
        Assert.Contains("remote: Failed: Nothing in the source says how to build it.", output, StringComparison.Ordinal);
        Assert.Contains("pre-receive hook declined", output, StringComparison.Ordinal);
        Assert.Equal("", (await GitAsync("ls-remote", Url("refused"))).Output.Trim());
    }

    [Fact]
    public async Task Another_branch_is_only_stored()
    {
        var app = await fixture.CreateAppAsync("branch");
        await CommitAsync(("README.md", "nothing to run"));

        var (exit, output) = await PushAsync("branch", "main:refs/heads/topic");

        Assert.True(exit == 0, output);
        Assert.Contains("Branch 'topic' is stored", output, StringComparison.Ordinal);
        Assert.Empty((await fixture.Builds.ListBuildsAsync(new ListBuildsRequest { Parent = app })).Builds);
    }

    [Fact]
    public async Task A_large_push_in_pieces_arrives()
    {
        await fixture.CreateAppAsync("large");
        var noise = new byte[400_000];
        new Random(7).NextBytes(noise);
        await CommitAsync(("package.json", "{}"), ("server.js", Server), ("noise.txt", Convert.ToBase64String(noise)));

        // A small buffer makes git send the pack chunked, after a probe.
        var (exit, output) = await GitAsync("-c", "http.postBuffer=65536", "push", Url("large"), "main");

        Assert.True(exit == 0, output);
    }

    [Theory]
    [InlineData("unknown", true, "not found")]
    [InlineData("pushed-anonymously", false, "could not read")]
    public async Task Who_may_not_push_is_told(string app, bool withToken, string message)
    {
        await CommitAsync(("README.md", "x"));

        var (exit, output) = await GitAsync("push", withToken ? Url(app) : $"{fixture.BuilderProcess.Address}git/acme/{app}.git", "main");

        Assert.NotEqual(0, exit);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    private string Url(string app) => $"http://mesh:{fixture.Token}@{fixture.BuilderProcess.Address.Authority}/git/acme/{app}.git";

    private Task<(int Exit, string Output)> PushAsync(string app, string refs) => GitAsync("push", Url(app), refs);

    private async Task CommitAsync(params (string Path, string Text)[] files)
    {
        await GitAsync("init", "--quiet", "--initial-branch=main", ".");
        foreach (var (path, text) in files)
            folder.Write(path, text);
        await GitAsync("add", ".");
        var (exit, output) = await GitAsync("-c", "user.name=Tester", "-c", "user.email=tester@example.org", "commit", "--quiet", "-m", "First");
        Assert.True(exit == 0, output);
    }

    private async Task<(int Exit, string Output)> GitAsync(params string[] arguments)
    {
        var info = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["GIT_TERMINAL_PROMPT"] = "0", ["GIT_CONFIG_NOSYSTEM"] = "1", ["HOME"] = folder.Root, ["LC_ALL"] = "C" },
        };
        using var process = Process.Start(info)!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(texts));
    }
}
