using System.Net;
using System.Net.Http.Headers;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.Receiving;

/// <summary>Requests to the service as collectors send them.</summary>
internal sealed class Posts(IngestionProcess ingestion, string tenant)
{
    public Posts(IngestionServers servers, string tenant)
        : this(servers.Ingestion, tenant)
    {
    }

    public static string Bearer => IngestionProcess.Headers.GetValue("authorization")!;

    /// <summary>The header that a collector sends which knows only users and passwords.</summary>
    public static string Basic => "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("anybody:" + Bearer["Bearer ".Length..]));

    public async Task<(HttpStatusCode Status, string Body, HttpResponseHeaders Headers)> SendAsync(
        string path, byte[] body, string type, string encoding = "", string? authorization = null)
    {
        using var response = await ExchangeAsync(path, body, type, encoding, authorization);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
    }

    /// <summary>Sends a request; the caller disposes the answer.</summary>
    public async Task<HttpResponseMessage> ExchangeAsync(string path, byte[] body, string type, string encoding = "", string? authorization = null)
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(ingestion.Address, path)) { Content = new ByteArrayContent(body) };
        message.Content.Headers.TryAddWithoutValidation("content-type", type);
        if (encoding.Length > 0)
            message.Content.Headers.ContentEncoding.Add(encoding);
        message.Headers.TryAddWithoutValidation("authorization", authorization ?? Bearer);
        message.Headers.Add("x-mesh-tenant", tenant);
        return await http.SendAsync(message);
    }
}
