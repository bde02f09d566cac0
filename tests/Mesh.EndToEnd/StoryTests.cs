using System.Text.RegularExpressions;
using Mesh.Contracts;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>The story that must always work: from source to running, routed and observed.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class StoryTests(Stack stack)
{
    [Fact]
    public async Task An_app_is_deployed_replaced_rolled_back_and_observed()
    {
        const string app = "story";
        var source = stack.CopySample("hello-node");
        (await stack.MeshAsync("apps", "create", app, "--health-path", "/healthz")).Succeeded();

        var first = (await stack.MeshAsync("deploy", source, "--app", app)).Succeeded();
        Assert.Contains("Found package.json", first.Output, StringComparison.Ordinal);
        Assert.Contains("v1 runs at", first.Output, StringComparison.Ordinal);
        Assert.Contains("Version 1.0.0", await stack.PageAsync(app), StringComparison.Ordinal);

        // What the builder knows of the image, and which workload runs it.
        await Wait.UntilAsync("the packages of the running image", async () =>
        {
            var images = (await stack.MeshAsync("findings", "images", "--app", app)).Output;
            return images.Contains("not looked for", StringComparison.Ordinal) && images.Contains($"{app}-production-web", StringComparison.Ordinal);
        });
        var image = Regex.Match((await stack.MeshAsync("findings", "images", "--app", app)).Output, $"acme/{app}@sha256:[0-9a-f]{{64}}").Value;
        var packages = (await stack.MeshAsync("findings", "packages", image)).Succeeded();
        Assert.Contains("pkg:deb/debian/nodejs@", packages.Output, StringComparison.Ordinal);

        var package = Path.Combine(source, "package.json");
        await File.WriteAllTextAsync(package, (await File.ReadAllTextAsync(package)).Replace("1.0.0", "2.0.0", StringComparison.Ordinal));
        (await stack.MeshAsync("deploy", source, "--app", app)).Succeeded();
        Assert.Contains("Version 2.0.0", await stack.PageAsync(app), StringComparison.Ordinal);

        (await stack.MeshAsync("rollback", "--app", app)).Succeeded();
        Assert.Contains("Version 1.0.0", await stack.PageAsync(app), StringComparison.Ordinal);
        var releases = (await stack.MeshAsync("releases", "--app", app)).Succeeded();
        Assert.Contains("Rollback to v1", releases.Output, StringComparison.Ordinal);

        // What a scanner finds in an image is told of the workload that runs it.
        await ScanAsync($"tenants/acme/apps/{app}", "CVE-2026-0001");
        await Wait.UntilAsync("the finding of the running image", async () =>
            (await stack.MeshAsync("findings", "list", "--running", "--app", app)).Output.Contains($"{app}-production-web", StringComparison.Ordinal));

        // The app's own metric, which the agent scraped and sent over the ingestion stream.
        await Wait.UntilAsync("the app's metric", async () =>
            (await stack.MeshAsync("metrics", $"hello_requests_total{{app=\"{app}\"}}")).Output.Contains("hello_requests_total", StringComparison.Ordinal));
        await Wait.UntilAsync("the app's log", async () =>
            (await stack.MeshAsync("logs", "--app", app)).Output.Contains("listens on port", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_of_config_and_of_scale_rolls_out()
    {
        const string app = "scaled";
        (await stack.MeshAsync("apps", "create", app, "--health-path", "/healthz")).Succeeded();
        (await stack.MeshAsync("deploy", stack.CopySample("hello-node"), "--app", app)).Succeeded();
        (await stack.MeshAsync("config", "set", "GREETING=hello", "--app", app)).Succeeded();
        (await stack.MeshAsync("config", "set", "PASSWORD=secret-value", "--secret", "--app", app)).Succeeded();
        var listed = (await stack.MeshAsync("config", "list", "--app", app)).Succeeded();
        Assert.Contains("GREETING", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-value", listed.Output, StringComparison.Ordinal);

        (await stack.MeshAsync("scale", "web=2", "--app", app)).Succeeded();
        var hosts = new HashSet<string>();
        await Wait.UntilAsync("both processes answering", async () => hosts.Add(await stack.PageAsync(app)) | hosts.Count > 1 && hosts.Count > 1);
        (await stack.MeshAsync("scale", "web=0", "--app", app)).Succeeded();
        using var gone = await stack.AskAsync(app);
        Assert.Equal(503, (int)gone.StatusCode);
    }

    [Fact]
    public async Task No_request_fails_while_releases_replace_each_other()
    {
        const string app = "steady";
        (await stack.MeshAsync("apps", "create", app, "--health-path", "/healthz")).Succeeded();
        (await stack.MeshAsync("deploy", stack.CopySample("hello-node"), "--app", app)).Succeeded();
        using var enough = new CancellationTokenSource();
        var failures = new List<string>();
        var answered = 0;
        var asking = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                using var response = await stack.AskAsync(app);
                if ((int)response.StatusCode == 200) answered++;
                else failures.Add(response.StatusCode.ToString());
                await Task.Delay(5);
            }
        });
        for (var change = 1; change <= 3; change++) (await stack.MeshAsync("config", "set", $"CHANGE={change}", "--app", app)).Succeeded();
        await enough.CancelAsync();
        await asking;
        Assert.Empty(failures);
        Assert.True(answered > 10, $"only {answered} requests were answered");
    }

    // As a scanner does, of every image that the app has had.
    private async Task ScanAsync(string app, string finding)
    {
        using var client = stack.Connect();
        var releases = await client.Releases.ListReleasesAsync(new ListReleasesRequest { Parent = app });
        foreach (var image in releases.Releases.Select(release => release.Image).Distinct())
        {
            using var call = client.ImageScans.WriteScan();
            await call.RequestStream.TryWriteAsync(new() { Start = new() { Scan = new() { Image = image, Scanner = "test" } } });
            var found = new ImageFinding { Id = finding, Severity = FindingSeverity.High, Package = "openssl", Version = "3.0" };
            await call.RequestStream.TryWriteAsync(new() { Batch = new() { Findings = { found } } });
            await call.RequestStream.TryWriteAsync(new() { Commit = new() { FindingCount = 1 } });
            await call.RequestStream.TryCompleteAsync();
            Assert.Equal(image, (await call.ResponseAsync).Scan.Image);
        }
    }
}
