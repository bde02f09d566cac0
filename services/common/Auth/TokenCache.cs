using System.Collections.Concurrent;

namespace Mesh.Common.Auth;

/// <summary>
/// Remembers whose a token is for a few seconds, so that a revoked token stops working within five. Calls with one token ask once
/// at a time; an unknown token is remembered for one second, an error not at all.
/// </summary>
public sealed class TokenCache(ITokenResolver resolver, TimeProvider time)
{
    private static readonly TimeSpan s_known = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_unknown = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The token's owner; null when it is unknown or has expired.</summary>
    public async ValueTask<Principal?> GetAsync(string tokenHash, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!_entries.TryGetValue(tokenHash, out var entry) || entry.IsOver(now))
        {
            var fresh = new Entry(this, tokenHash, now);
            if (_entries.Count >= Capacity) Sweep(now);
            // Whoever puts its entry in first asks; the others wait for the same answer.
            entry = _entries.AddOrUpdate(tokenHash, fresh, (_, present) => present.IsOver(now) ? fresh : present);
        }
        var resolved = await entry.AnswerAsync(cancellationToken);
        return resolved is null || resolved.ExpireTime <= now ? null : resolved.Principal;
    }

    /// <summary>Forgets a token at once.</summary>
    public void Forget(string tokenHash) => _entries.TryRemove(tokenHash, out _);

    private void Sweep(DateTimeOffset now)
    {
        foreach (var pair in _entries.Where(p => p.Value.IsOver(now))) _entries.TryRemove(pair);
        if (_entries.Count >= Capacity) _entries.Clear();
    }

    /// <summary>One question to the resolver. Its age counts from when it was asked.</summary>
    private sealed class Entry
    {
        private readonly Lazy<Task<ResolvedToken?>> _answer;
        private readonly DateTimeOffset _asked;

        public Entry(TokenCache cache, string tokenHash, DateTimeOffset asked)
        {
            _asked = asked;
            _answer = new(() =>
            {
                // The answer is for everybody who waits: it must not end with the deadline of whoever asked first.
                using var shared = ExecutionContext.SuppressFlow();
                return Task.Run(() => AskAsync(cache, tokenHash));
            });
        }

        public bool IsOver(DateTimeOffset now)
        {
            if (!_answer.IsValueCreated || !_answer.Value.IsCompleted) return false;
            if (!_answer.Value.IsCompletedSuccessfully) return true;
            return now - _asked >= (_answer.Value.Result is null ? s_unknown : s_known);
        }

        // The question outlives a caller who gives up: others may be waiting for it.
        public Task<ResolvedToken?> AnswerAsync(CancellationToken cancellationToken) =>
            _answer.Value.IsCompleted ? _answer.Value : _answer.Value.WaitAsync(cancellationToken);

        private static async Task<ResolvedToken?> AskAsync(TokenCache cache, string tokenHash)
        {
            using var patience = new CancellationTokenSource(s_patience, cache.Time);
            return await cache.Ask(tokenHash, patience.Token);
        }
    }

    private TimeProvider Time => time;

    private Task<ResolvedToken?> Ask(string tokenHash, CancellationToken cancellationToken) => resolver.ResolveAsync(tokenHash, cancellationToken);
}
