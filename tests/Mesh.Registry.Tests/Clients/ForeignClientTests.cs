using System.Security.Cryptography;
using System.Text.Json;
using Mesh.Registry.Tests.Servers;
using Mesh.Testing;

namespace Mesh.Registry.Tests.Clients;

/// <summary>Debian's skopeo and buildah against the registry: what people's tools do, not what we think they do.</summary>
[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class ForeignClientTests(RegistryServer server) : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("oci")]
    [InlineData("v2s2")]
    public async Task Skopeo_pushes_and_pulls_an_image_unchanged(string format)
    {
        var image = await BuildAsync($"skopeo-{format}");
        var remote = $"docker://{server.Host}/acme/skopeo-{format}:v1";
        await SkopeoAsync("copy", "--dest-tls-verify=false", $"--dest-creds=me:{Callers.Developer}", "--format", format, $"oci:{image}:v1", remote);
        var inspected = JsonSerializer.Deserialize<JsonElement>(
            await SkopeoAsync("inspect", "--tls-verify=false", $"--creds=me:{Callers.Viewer}", remote));
        Assert.Equal("v1", inspected.GetProperty("RepoTags")[0].GetString());

        var back = Path.Combine(folder.Path, "back");
        await SkopeoAsync("copy", "--src-tls-verify=false", $"--src-creds=me:{Callers.Viewer}", "--preserve-digests", remote, $"dir:{back}");
        var manifest = await File.ReadAllBytesAsync(Path.Combine(back, "manifest.json"));
        Assert.Equal(inspected.GetProperty("Digest").GetString(), "sha256:" + Convert.ToHexStringLower(SHA256.HashData(manifest)));

        // The same image under another name in the tenant: its layers are there already.
        await SkopeoAsync("copy", "--src-tls-verify=false", "--dest-tls-verify=false", $"--src-creds=me:{Callers.Viewer}",
            $"--dest-creds=me:{Callers.Developer}", remote, $"docker://{server.Host}/acme/skopeo-{format}/copy:v2");
        await SkopeoAsync("delete", "--tls-verify=false", $"--creds=me:{Callers.Admin}", remote);
        var (code, _, errors) = await Shell.TryAsync("skopeo", "inspect", "--tls-verify=false", $"--creds=me:{Callers.Viewer}", remote);
        Assert.NotEqual(0, code);
        Assert.Contains("manifest unknown", errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Skopeo_says_why_it_is_refused()
    {
        var image = await BuildAsync("refused");
        var remote = $"docker://{server.Host}/acme/refused:v1";
        (string[] Credentials, string Message)[] cases =
        [
            ([], "authentication required"),
            (["--dest-creds=me:mesh_wrong"], "authentication required"),
            ([$"--dest-creds=me:{Callers.Viewer}"], "denied"),
        ];
        foreach (var (credentials, message) in cases)
        {
            var (code, _, errors) = await Shell.TryAsync("skopeo", ["copy", "--dest-tls-verify=false", .. credentials, $"oci:{image}:v1", remote]);
            Assert.NotEqual(0, code);
            Assert.Contains(message, errors, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Buildah_logs_in_pushes_and_builds_on_what_it_pulls()
    {
        var login = Path.Combine(folder.Path, "auth.json");
        await BuildahAsync("login", "--tls-verify=false", "--authfile", login, "-u", "me", "-p", Callers.Developer, server.Host);
        var content = Path.Combine(folder.Path, "content");
        await File.WriteAllBytesAsync(content, RandomNumberGenerator.GetBytes(3_000_000));
        var container = (await BuildahAsync("from", "scratch")).Trim();
        await BuildahAsync("copy", container, content, "/content");
        await BuildahAsync("commit", container, "base");
        var remote = $"docker://{server.Host}/acme/buildah:base";
        await BuildahAsync("push", "--tls-verify=false", "--authfile", login, "base", remote);
        await BuildahAsync("rm", container);
        await BuildahAsync("rmi", "--all", "--force");

        var based = (await BuildahAsync("from", "--tls-verify=false", "--authfile", login, remote)).Trim();
        await BuildahAsync("copy", based, content, "/second");
        await BuildahAsync("commit", based, "derived");
        await BuildahAsync("push", "--tls-verify=false", "--authfile", login, "derived", $"docker://{server.Host}/acme/buildah:derived");
        var tags = JsonSerializer.Deserialize<JsonElement>(await SkopeoAsync(
            "list-tags", "--tls-verify=false", $"--creds=me:{Callers.Viewer}", $"docker://{server.Host}/acme/buildah"));
        Assert.Equal(["base", "derived"], tags.GetProperty("Tags").EnumerateArray().Select(tag => tag.GetString()));
    }

    private static Task<string> SkopeoAsync(params string[] arguments) => Shell.RunAsync("skopeo", arguments);

    private Task<string> BuildahAsync(params string[] arguments) => Shell.RunAsync("buildah",
        ["--root", Path.Combine(folder.Path, "storage"), "--runroot", Path.Combine(folder.Path, "run"), "--storage-driver", "vfs", .. arguments]);

    /// <summary>An image of two layers in a folder of the OCI layout.</summary>
    private async Task<string> BuildAsync(string name)
    {
        var image = Path.Combine(folder.Path, name);
        var content = Path.Combine(folder.Path, "content");
        await File.WriteAllBytesAsync(content, RandomNumberGenerator.GetBytes(5_000_000));
        var container = (await BuildahAsync("from", "scratch")).Trim();
        await BuildahAsync("copy", container, content, "/content");
        await BuildahAsync("commit", container, $"oci:{image}:v1");
        return image;
    }
}
