using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Outgoing;

namespace Mesh.Ingestion.Alerts;

/// <summary>
/// Tells one webhook once. The URL is a tenant's: redirects are not followed, of the answer only the status is read and
/// told, and some addresses are refused (<see cref="TenantConnections"/>).
/// </summary>
public sealed class WebhookSender(TenantConnections connections, WebhookSecrets secrets, WebhookOptions options, TimeProvider time) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 64 << 10,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectCallback = connections.ConnectAsync,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>What went wrong; empty when the endpoint has taken it.</summary>
    public async Task<string> SendAsync(AlertDelivery delivery, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Timeout);
        try
        {
            using var request = Request(delivery);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            return response.IsSuccessStatusCode ? "" : $"The endpoint answered {(int)response.StatusCode}.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "The endpoint did not answer in time.";
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException)
        {
            return "The endpoint cannot be reached: " + exception.Message;
        }
        catch (CryptographicException)
        {
            return "The secret cannot be read; set it again.";
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The value of the header that proves who sent a body, and when.</summary>
    public static string Signature(byte[] secret, string timestamp, byte[] body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hash.AppendData(Encoding.UTF8.GetBytes(timestamp + "."));
        hash.AppendData(body);
        return "v1=" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private HttpRequestMessage Request(AlertDelivery delivery)
    {
        var body = Encoding.UTF8.GetBytes(delivery.Body);
        var request = new HttpRequestMessage(HttpMethod.Post, delivery.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("User-Agent", "Mesh-Alerts");
        TenantErrand.Mark(request, delivery.Tenant);
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add("Mesh-Delivery", delivery.Uid.ToString());
        request.Headers.Add("Mesh-Timestamp", timestamp);
        request.Headers.Add("Mesh-Signature", Signature(secrets.Open(delivery.Tenant, delivery.Secret), timestamp, body));
        return request;
    }
}
