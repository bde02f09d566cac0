using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Mesh.Registry.Blobs;
using Mesh.Registry.Manifests;

namespace Mesh.Registry.Tests.Servers;

/// <summary>The requests of OCI Distribution, so that a test reads as what it is about.</summary>
public sealed class OciClient(HttpClient http) : IDisposable
{
    public HttpClient Http => http;

    public void Dispose() => http.Dispose();

    public async Task<HttpResponseMessage> SendAsync(
        string method, string address, byte[]? content = null, string? type = null, string? contentRange = null, string? range = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (content is not null) request.Content = new ByteArrayContent(content);
        if (type is not null) request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (contentRange is not null) request.Content!.Headers.TryAddWithoutValidation("Content-Range", contentRange);
        if (range is not null) request.Headers.TryAddWithoutValidation("Range", range);
        return await http.SendAsync(request);
    }

    /// <summary>Sends, checks the status and closes the answer.</summary>
    public async Task<HttpResponseMessage> ExpectAsync(
        HttpStatusCode status, string method, string address, byte[]? content = null, string? type = null, string? contentRange = null, string? range = null)
    {
        var response = await SendAsync(method, address, content, type, contentRange, range);
        Assert.True(status == response.StatusCode, $"{method} {address}: {(int)response.StatusCode}, {await response.Content.ReadAsStringAsync()}");
        return response;
    }

    /// <summary>Sends and checks status and code of the error.</summary>
    public async Task ExpectErrorAsync(
        HttpStatusCode status, string code, string method, string address, byte[]? content = null, string? type = null, string? contentRange = null,
        string? range = null)
    {
        using var response = await ExpectAsync(status, method, address, content, type, contentRange, range);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        var error = body.RootElement.GetProperty("errors")[0];
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    /// <summary>Begins an upload and gives its address.</summary>
    public async Task<string> BeginAsync(string repository)
    {
        using var response = await ExpectAsync(HttpStatusCode.Accepted, "POST", $"/v2/{repository}/blobs/uploads/", []);
        return response.Headers.Location!.ToString();
    }

    public async Task<Digest> PushBlobAsync(string repository, byte[] content)
    {
        var digest = Digest.Of(content);
        using var response = await ExpectAsync(HttpStatusCode.Created, "POST", $"/v2/{repository}/blobs/uploads/?digest={digest}", content);
        return digest;
    }

    public Task<Digest> PushBlobAsync(string repository, string content) => PushBlobAsync(repository, Encoding.UTF8.GetBytes(content));

    /// <summary>Pushes an image of one layer and gives its digest.</summary>
    public async Task<Digest> PushImageAsync(string repository, string? tag, string layer, string? subject = null, string? artifactType = null)
    {
        await PushBlobAsync(repository, "{}");
        await PushBlobAsync(repository, layer);
        return await PushManifestAsync(repository, tag, Images.Manifest(layer, subject, artifactType));
    }

    public async Task<Digest> PushManifestAsync(string repository, string? tag, byte[] manifest, string type = MediaTypes.OciManifest)
    {
        var digest = Digest.Of(manifest);
        using var response = await ExpectAsync(HttpStatusCode.Created, "PUT", $"/v2/{repository}/manifests/{tag ?? digest.ToString()}", manifest, type);
        Assert.Equal(digest.ToString(), response.Headers.GetValues("Docker-Content-Digest").Single());
        return digest;
    }

    public async Task<JsonElement> JsonAsync(string address)
    {
        using var response = await ExpectAsync(HttpStatusCode.OK, "GET", address);
        return JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
    }
}
