using Mesh.Common.Auth;

namespace Mesh.Common.Tests.Auth;

public sealed class TokenCacheTests
{
    private readonly ManualTime _time = new();
    private readonly CountingResolver _resolver = new();
    private readonly TokenCache _cache;

    public TokenCacheTests() => _cache = new(_resolver, _time);

    [Fact]
    public async Task A_known_token_is_asked_for_once_in_four_seconds()
    {
        await _cache.GetAsync("good", default);
        _time.Advance(TimeSpan.FromSeconds(3.9));
        Assert.NotNull(await _cache.GetAsync("good", default));
        Assert.Equal(1, _resolver.Asked);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        _resolver.Revoked = true;
        Assert.Null(await _cache.GetAsync("good", default));
    }

    [Fact]
    public async Task An_unknown_token_is_remembered_for_one_second()
    {
        Assert.Null(await _cache.GetAsync("bad", default));
        Assert.Null(await _cache.GetAsync("bad", default));
        Assert.Equal(1, _resolver.Asked);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Null(await _cache.GetAsync("bad", default));
        Assert.Equal(2, _resolver.Asked);
    }

    [Fact]
    public async Task Many_callers_at_once_ask_once_and_one_that_gives_up_spoils_nothing()
    {
        _resolver.Gate = new();
        using var impatient = new CancellationTokenSource();
        var first = _cache.GetAsync("good", impatient.Token).AsTask();
        var others = Enumerable.Range(0, 50).Select(_ => _cache.GetAsync("good", default).AsTask()).ToArray();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _resolver.Gate.SetResult();
        Assert.All(await Task.WhenAll(others), Assert.NotNull);
        Assert.Equal(1, _resolver.Asked);
    }

    [Fact]
    public async Task An_error_is_not_remembered()
    {
        _resolver.Fails = true;
        await Assert.ThrowsAsync<TimeoutException>(() => _cache.GetAsync("good", default).AsTask());
        _resolver.Fails = false;
        Assert.NotNull(await _cache.GetAsync("good", default));
    }

    [Fact]
    public async Task An_expired_token_does_not_live_on_in_the_cache()
    {
        _resolver.ExpireTime = _time.GetUtcNow().AddSeconds(1);
        Assert.NotNull(await _cache.GetAsync("good", default));
        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Null(await _cache.GetAsync("good", default));
    }

    private sealed class CountingResolver : ITokenResolver
    {
        private int _asked;

        public int Asked => _asked;

        public bool Revoked { get; set; }

        public bool Fails { get; set; }

        public DateTimeOffset? ExpireTime { get; set; }

        public TaskCompletionSource? Gate { get; set; }

        public async Task<ResolvedToken?> ResolveAsync(string tokenHash, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            if (Gate is not null) await Gate.Task;
            if (Fails) throw new TimeoutException();
            return tokenHash == "good" && !Revoked ? new(new Principal { Subject = "x" }, ExpireTime) : null;
        }
    }

    private sealed class ManualTime : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch.AddYears(50);

        public override DateTimeOffset GetUtcNow() => _now;

        public void Advance(TimeSpan by) => _now += by;
    }
}
