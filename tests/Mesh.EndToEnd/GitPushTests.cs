namespace Mesh.EndToEnd;

/// <summary>`git push` builds and releases, and shows the build while the push waits.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class GitPushTests(Stack stack)
{
    [Fact]
    public async Task A_push_builds_and_releases_and_a_broken_one_is_refused()
    {
        const string app = "pushed";
        (await stack.MeshAsync("apps", "create", app, "--health-path", "/healthz")).Succeeded();
        var folder = stack.CopySample("hello-node");
        await CommitAsync(folder);
        var address = new UriBuilder(stack.Endpoint("router")) { UserName = "x", Password = stack.Token, Path = $"/git/acme/{app}.git" }.Uri.ToString();

        var push = (await GitAsync(folder, "push", address, "main")).Succeeded();
        Assert.Contains("remote: Found package.json", push.Errors, StringComparison.Ordinal);
        Assert.Contains("remote: Released as v1.", push.Errors, StringComparison.Ordinal);
        await Testing.Wait.UntilAsync("the pushed app", async () =>
        {
            using var response = await stack.AskAsync(app);
            return (int)response.StatusCode == 200;
        });

        await File.WriteAllTextAsync(Path.Combine(folder, "Procfile"), "this is no Procfile\n");
        await CommitAsync(folder);
        var broken = await GitAsync(folder, "push", address, "main");
        Assert.NotEqual(0, broken.ExitCode);
        Assert.Contains("remote:", broken.Errors, StringComparison.Ordinal);
        Assert.Contains("Version 1.0.0", await stack.PageAsync(app), StringComparison.Ordinal);

        var stranger = new UriBuilder(address) { Password = "mesh_wrong" }.Uri.ToString();
        Assert.NotEqual(0, (await GitAsync(folder, "push", stranger, "main")).ExitCode);
    }

    private static async Task CommitAsync(string folder)
    {
        if (!Directory.Exists(Path.Combine(folder, ".git"))) (await GitAsync(folder, "init", "-q", "-b", "main")).Succeeded();
        (await GitAsync(folder, "add", "-A")).Succeeded();
        (await GitAsync(folder, "-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-qm", "A change")).Succeeded();
    }

    private static Task<CommandResult> GitAsync(string folder, params string[] arguments) => CommandResult.RunAsync(
        "git", arguments, new Dictionary<string, string> { ["GIT_TERMINAL_PROMPT"] = "0", ["GIT_CONFIG_GLOBAL"] = "/dev/null" }, folder);
}
