using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Outgoing;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Targets;
using Mesh.Ingestion.Telemetry;

namespace Mesh.Ingestion.Scraping;

/// <summary>
/// Asks targets. A target is whatever a tenant says: redirects are not followed, no body is taken that is larger than
/// <see cref="MaxBytes"/> unpacked, and all bodies of the same moment together are bounded too.
/// </summary>
public sealed class TargetHttp(TenantConnections connections) : IDisposable
{
    /// <summary>The most that is taken of one answer, unpacked.</summary>
    public const int MaxBytes = 32 << 20;

    private const int Step = 64 << 10;

    private readonly BodyBudget _budget = new(256 << 20);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = 64,
        MaxResponseDrainSize = 64 << 10,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectCallback = connections.ConnectAsync,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Reads one URL of a target. Throws <see cref="ScrapeException"/> where that fails.</summary>
    public async Task<TargetBody> GetAsync(Target target, Uri url, string accept, CancellationToken cancellationToken)
    {
        try
        {
            using var request = Request(target, url, accept);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
                throw new ScrapeException(Refusal(response.StatusCode), response.StatusCode);
            if (response.Content.Headers.ContentLength > MaxBytes)
                throw TooLarge();
            var type = response.Content.Headers.ContentType?.MediaType ?? "";
            var ends = response.Content.Headers.ContentLength is not null || response.Headers.TransferEncodingChunked == true;
            await using var source = await UnpackedAsync(response.Content, cancellationToken);
            return await ReadAsync(source, type, ends, cancellationToken);
        }
        catch (InvalidDataException)
        {
            throw new ScrapeException("The target's answer cannot be unpacked.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new ScrapeException(exception.InnerException is AuthenticationException inner ? inner.Message : exception.Message);
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Request(Target target, Uri url, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        request.Headers.TryAddWithoutValidation("User-Agent", "Mesh");
        request.Headers.TryAddWithoutValidation(
            "X-Prometheus-Scrape-Timeout-Seconds", TargetUrl.PatienceOf(target).TotalSeconds.ToString(CultureInfo.InvariantCulture));
        // What belongs to the platform itself may read its programs.
        if (target.Tenant != WriteScope.Platform)
            TenantErrand.Mark(request, target.Tenant);
        if (TargetUrl.UserOf(target) is { Length: > 0 } user)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":")));
        return request;
    }

    private static string Refusal(HttpStatusCode status) => (int)status is >= 300 and < 400
        ? $"The target answered {(int)status}; redirects are not followed."
        : $"The target answered {(int)status}.";

    private static ScrapeException TooLarge() => new($"The target shows more than {MaxBytes >> 20} MiB.");

    private static async Task<Stream> UnpackedAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var encoding = string.Join(", ", content.Headers.ContentEncoding);
        var source = await content.ReadAsStreamAsync(cancellationToken);
        return encoding switch
        {
            "" or "identity" => source,
            "gzip" or "x-gzip" => new GZipStream(source, CompressionMode.Decompress),
            _ => throw new ScrapeException($"The target's encoding `{encoding}` is not read."),
        };
    }

    private async Task<TargetBody> ReadAsync(Stream source, string type, bool ends, CancellationToken cancellationToken)
    {
        var lease = _budget.Take(0);
        var bytes = new ByteBuffer(Step);
        var step = ArrayPool<byte>.Shared.Rent(Step);
        try
        {
            for (int read; (read = await source.ReadAsync(step, cancellationToken)) > 0;)
            {
                if (bytes.Length + read > MaxBytes)
                    throw TooLarge();
                lease.Cover(bytes.Length + read);
                bytes.Write(step.AsSpan(0, read));
            }

            return new TargetBody(bytes, lease, type, ends);
        }
        catch
        {
            bytes.Dispose();
            lease.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(step);
        }
    }
}
