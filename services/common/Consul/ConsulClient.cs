using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Polly;

namespace Mesh.Common.Consul;

/// <summary>The part of Consul's HTTP API that Mesh uses. Short questions are repeated when they fail; waiting ones are not.</summary>
public sealed partial class ConsulClient : IDisposable
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(15);

    private readonly HttpClient _http;
    private readonly ResiliencePipeline _pipeline;
    private readonly TimeProvider _time;

    public ConsulClient(MeshOptions options, TimeProvider time) : this(options.Consul, time) { }

    public ConsulClient(Uri agent, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectTimeout = TimeSpan.FromSeconds(2),
            ActivityHeadersPropagator = null,
        };
        _http = new HttpClient(handler) { BaseAddress = agent, Timeout = Timeout.InfiniteTimeSpan };
        _time = time;
        var limits = PipelineLimits.Default with { Attempt = TimeSpan.FromSeconds(3), Retries = 2 };
        _pipeline = Pipelines.For(Pipelines.IsTransientHttp, limits, time);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A short question; its answer is read whole.</summary>
    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(
        HttpMethod method, string path, Func<HttpContent?> content, CancellationToken cancellationToken) =>
        await _pipeline.ExecuteAsync(async token =>
        {
            using var request = new HttpRequestMessage(method, path) { Content = content() };
            using var response = await _http.SendAsync(request, token);
            var body = await response.Content.ReadAsByteArrayAsync(token);
            if (!response.IsSuccessStatusCode && response.StatusCode is not HttpStatusCode.NotFound)
                throw new HttpRequestException($"Consul answered {(int)response.StatusCode}: {Text(body)}", null, response.StatusCode);
            return (response.StatusCode, body);
        }, cancellationToken);

    private Task<(HttpStatusCode Status, byte[] Body)> PutJsonAsync(string path, object? content, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, path, () => content is null ? null : Json(content), cancellationToken);

    // With its length: Consul takes a body of unknown length for none, and makes for instance a session that never ends.
    private static ByteArrayContent Json(object content) =>
        new(JsonSerializer.SerializeToUtf8Bytes(content)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    /// <summary>
    /// A question that waits for a change: Consul answers once its index passes ours, or after the wait. An index that went back
    /// (the agent began anew) starts over at 0.
    /// </summary>
    private async Task<(HttpStatusCode Status, JsonElement Body, ulong Index)> WatchAsync(
        string path, ulong index, TimeSpan wait, CancellationToken cancellationToken)
    {
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        var seconds = ((int)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        using var patience = new CancellationTokenSource(wait + s_grace, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var response = await _http.GetAsync($"{path}{separator}index={index}&wait={seconds}s", linked.Token);
            var body = await response.Content.ReadAsByteArrayAsync(linked.Token);
            if (!response.IsSuccessStatusCode && response.StatusCode is not HttpStatusCode.NotFound)
                throw new HttpRequestException($"Consul answered {(int)response.StatusCode}: {Text(body)}", null, response.StatusCode);
            var next = response.Headers.TryGetValues("X-Consul-Index", out var values) && ulong.TryParse(values.First(), out var parsed) ? parsed : 0;
            return (response.StatusCode, body.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(body), next < index ? 0 : next);
        }
        catch (OperationCanceledException e) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException("Consul did not answer in time.", e);
        }
    }

    private static string Text(byte[] body) => System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 300))).Trim();
}
