using System.Net;
using System.Text.Json;

namespace Mesh.Common.Consul;

public sealed partial class ConsulClient
{
    /// <summary>An entry; null when there is none.</summary>
    public async Task<KeyValue?> GetAsync(string key, CancellationToken cancellationToken)
    {
        // A leader answers: what was written is seen.
        var (status, body) = await SendAsync(HttpMethod.Get, $"v1/kv/{Path(key)}?consistent", () => null, cancellationToken);
        return status is HttpStatusCode.NotFound ? null : Entry(JsonSerializer.Deserialize<JsonElement>(body)[0]);
    }

    /// <summary>An entry, once it differs from what the index saw or the wait is over.</summary>
    public async Task<Indexed<KeyValue?>> WatchKeyAsync(string key, ulong index, TimeSpan wait, CancellationToken cancellationToken)
    {
        var (status, body, next) = await WatchAsync($"v1/kv/{Path(key)}", index, wait, cancellationToken);
        return new(status is HttpStatusCode.NotFound ? null : Entry(body[0]), next);
    }

    public async Task<bool> PutAsync(string key, byte[] value, CancellationToken cancellationToken) =>
        await PutValueAsync($"v1/kv/{Path(key)}", value, cancellationToken);

    /// <summary>Writes when the entry is still the one that was read; with index 0, when there is none. False when it is not.</summary>
    public async Task<bool> CompareAndSetAsync(string key, byte[] value, ulong modifyIndex, CancellationToken cancellationToken) =>
        await PutValueAsync($"v1/kv/{Path(key)}?cas={modifyIndex}", value, cancellationToken);

    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"v1/kv/{Path(key)}", () => null, cancellationToken);

    /// <summary>Takes the lock of a key for a session; false when another session holds it.</summary>
    public async Task<bool> AcquireAsync(string key, byte[] value, string session, CancellationToken cancellationToken) =>
        await PutValueAsync($"v1/kv/{Path(key)}?acquire={session}", value, cancellationToken);

    public async Task<bool> ReleaseAsync(string key, byte[] value, string session, CancellationToken cancellationToken) =>
        await PutValueAsync($"v1/kv/{Path(key)}?release={session}", value, cancellationToken);

    /// <summary>A session: it ends unless it is renewed within its time to live (10 s at least), and gives up its locks then.</summary>
    public async Task<string> CreateSessionAsync(string name, TimeSpan timeToLive, TimeSpan lockDelay, CancellationToken cancellationToken)
    {
        // No node health check is tied to it: the time to live alone decides.
        var session = new { Name = name, TTL = Seconds(timeToLive), LockDelay = Seconds(lockDelay), Behavior = "release", Checks = Array.Empty<string>() };
        var (_, body) = await PutJsonAsync("v1/session/create", session, cancellationToken);
        return JsonSerializer.Deserialize<JsonElement>(body).GetProperty("ID").GetString()!;
    }

    /// <summary>Keeps a session for another time to live; false when it has ended.</summary>
    public async Task<bool> RenewSessionAsync(string session, CancellationToken cancellationToken)
    {
        var (status, _) = await PutJsonAsync($"v1/session/renew/{session}", null, cancellationToken);
        return status is HttpStatusCode.OK;
    }

    public Task DestroySessionAsync(string session, CancellationToken cancellationToken) =>
        PutJsonAsync($"v1/session/destroy/{session}", null, cancellationToken);

    private async Task<bool> PutValueAsync(string path, byte[] value, CancellationToken cancellationToken)
    {
        var (_, body) = await SendAsync(HttpMethod.Put, path, () => new ByteArrayContent(value), cancellationToken);
        return body.AsSpan().Trim("\r\n "u8).SequenceEqual("true"u8);
    }

    private static KeyValue Entry(JsonElement entry) => new(
        entry.GetProperty("Key").GetString()!,
        entry.GetProperty("Value").ValueKind is JsonValueKind.Null ? [] : entry.GetProperty("Value").GetBytesFromBase64(),
        entry.GetProperty("ModifyIndex").GetUInt64(),
        entry.GetProperty("LockIndex").GetUInt64(),
        entry.TryGetProperty("Session", out var session) ? session.GetString() : null);

    private static string Path(string key) => string.Join('/', key.Split('/').Select(Uri.EscapeDataString));

    private static string Seconds(TimeSpan time) => $"{(int)time.TotalSeconds}s";
}
