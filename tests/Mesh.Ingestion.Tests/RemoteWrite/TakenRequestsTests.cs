using Mesh.Ingestion.RemoteWrite;

namespace Mesh.Ingestion.Tests.RemoteWrite;

public sealed class TakenRequestsTests
{
    private readonly TakenRequests _taken = new(TimeProvider.System);
    private int _calls;

    [Fact]
    public async Task The_same_bytes_are_taken_once_and_answered_alike()
    {
        var key = TakenRequests.KeyOf("acme", [1, 2, 3]);
        Assert.Equal("1 refused", await _taken.OnceAsync(key, () => TakeAsync("1 refused")));
        Assert.Equal("1 refused", await _taken.OnceAsync(key, () => TakeAsync("")));
        Assert.Equal("", await _taken.OnceAsync(TakenRequests.KeyOf("other", [1, 2, 3]), () => TakeAsync("")));
        Assert.Equal("", await _taken.OnceAsync(TakenRequests.KeyOf("acme", [1, 2]), () => TakeAsync("")));
        Assert.Equal(3, _calls);
    }

    [Fact]
    public async Task What_failed_was_not_taken()
    {
        await Assert.ThrowsAsync<IOException>(() => _taken.OnceAsync(7, () => throw new IOException()));
        Assert.Equal("", await _taken.OnceAsync(7, () => TakeAsync("")));
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_repetition_waits_for_the_first_one()
    {
        var gate = new TaskCompletionSource<string>();
        var first = _taken.OnceAsync(7, () => gate.Task);
        var second = _taken.OnceAsync(7, () => TakeAsync("again"));
        Assert.False(second.IsCompleted);
        gate.SetResult("");
        Assert.Equal(("", "", 0), (await first, await second, _calls));
    }

    private Task<string> TakeAsync(string answer)
    {
        _calls++;
        return Task.FromResult(answer);
    }
}
