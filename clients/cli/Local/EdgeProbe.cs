using System.Net;
using System.Net.Http.Headers;

namespace Mesh.Cli.Local;

/// <summary>
/// Whether the API's edge passes calls on to every service. The router serves before it has heard of them all, and whoever is told that
/// the stack is up calls at once.
/// </summary>
internal sealed class EdgeProbe(HttpClient client, string api)
{
    private static readonly string[] Services = ["builder", "controller", "ingestion", "registry", "scheduler"];

    public async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        foreach (var service in Services)
        {
            if (!await AnswersAsync(service, cancellation))
                return false;
        }

        return true;
    }

    // A service answers a call of a method that it does not have with a gRPC status; an edge that does not reach it, with an HTTP status.
    private async Task<bool> AnswersAsync(string service, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{api}/mesh.{service}.v1.Edge/Probe")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        try
        {
            using var response = await client.SendAsync(request, cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
