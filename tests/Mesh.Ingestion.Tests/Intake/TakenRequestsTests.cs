using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Tests.Log;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Tests.Intake;

public sealed class TakenRequestsTests
{
    private readonly TakenRequests _taken = new(TimeProvider.System);
    private int _calls;

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task The_same_bytes_are_taken_once_a_tenant_and_way()
    {
        var key = TakenRequests.KeyOf("acme", "/write", [1, 2, 3]);
        Assert.True(await _taken.OnceAsync(key, TakeAsync));
        Assert.False(await _taken.OnceAsync(key, TakeAsync));
        Assert.True(await _taken.OnceAsync(TakenRequests.KeyOf("other", "/write", [1, 2, 3]), TakeAsync));
        Assert.True(await _taken.OnceAsync(TakenRequests.KeyOf("acme", "/write?precision=s", [1, 2, 3]), TakeAsync));
        Assert.True(await _taken.OnceAsync(TakenRequests.KeyOf("acme", "/write", [1, 2]), TakeAsync));
        Assert.Equal(4, _calls);
    }

    [Fact]
    public async Task What_failed_was_not_taken()
    {
        await Assert.ThrowsAsync<IOException>(() => _taken.OnceAsync(7, () => throw new IOException()));
        Assert.True(await _taken.OnceAsync(7, TakeAsync));
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_repetition_waits_for_the_first_one()
    {
        var gate = new TaskCompletionSource();
        var first = _taken.OnceAsync(7, () => gate.Task);
        var second = _taken.OnceAsync(7, TakeAsync);
        Assert.False(second.IsCompleted);
        gate.SetResult();
        Assert.Equal((true, false, 0), (await first, await second, _calls));
    }

    [Fact]
    public async Task What_is_on_its_way_is_not_forgotten_however_much_comes_behind_it()
    {
        var gate = new TaskCompletionSource();
        var first = _taken.OnceAsync(7, () => gate.Task);
        for (var i = 0; i <= RequestWindow.MaxKept; i++)
            Assert.True(await _taken.OnceAsync(1_000 + (UInt128)i, () => Task.CompletedTask));
        var second = _taken.OnceAsync(7, TakeAsync);
        gate.SetResult();
        Assert.Equal((true, false, 0), (await first, await second, _calls));
    }

    [Fact]
    public async Task A_restart_knows_the_requests_of_late_from_the_snapshot_and_the_log()
    {
        using var folder = new TemporaryFolder();
        long middle;
        using (var log = LogFixture.Open(folder.Path))
        {
            await AppendAsync(log, 1);
            middle = log.DurableEnd;
            await AppendAsync(log, null);
            await AppendAsync(log, 2);
        }

        using var again = LogFixture.Open(folder.Path);
        var snapshot = new WriterSnapshot(middle, new Dictionary<string, WriterState>(), [(8, 5), (9, Now)]);
        var taken = new TakenRequests(TimeProvider.System, SenderState.Restore(snapshot, again).Requests);
        // 8 was taken too long ago; 1 lies before the snapshot, which does not name it.
        foreach (var (key, isNew) in new[] { (2, false), (9, false), (8, true), (1, true) })
            Assert.Equal(isNew, await taken.OnceAsync((UInt128)key, TakeAsync));
    }

    [Fact]
    public void Memory_is_bounded_by_number_and_by_age()
    {
        var window = new RequestWindow();
        for (var i = 0; i <= RequestWindow.MaxKept; i++)
            window.Add((UInt128)i, 1_000);
        Assert.Equal(RequestWindow.MaxKept / 8 * 7 + 1, window.Requests.Count);
        Assert.Equal((UInt128)(RequestWindow.MaxKept / 8), window.Requests.First().Key);
        window.Add(5, 1_001 + (long)RequestWindow.Kept.TotalMilliseconds);
        Assert.Equal((UInt128)5, Assert.Single(window.Requests).Key);
    }

    [Fact]
    public async Task Who_floods_it_makes_nobody_else_forget()
    {
        var mine = Enumerable.Range(0, 1_000).Select(i => TakenRequests.KeyOf("acme", "/write", BitConverter.GetBytes(i))).ToList();
        foreach (var key in mine)
            Assert.True(await _taken.OnceAsync(key, TakeAsync));
        for (var i = 0; i < 3 * RequestWindow.MaxKept; i++)
            Assert.True(await _taken.OnceAsync(TakenRequests.KeyOf("flood", "/write", BitConverter.GetBytes(i)), () => Task.CompletedTask));
        foreach (var key in mine)
            Assert.False(await _taken.OnceAsync(key, TakeAsync));

        // What a restart knows is bounded in the same way.
        var window = new RequestWindow();
        mine.ForEach(key => window.Add(key, 1_000));
        for (var i = 0; i < 3 * RequestWindow.MaxKept; i++)
            window.Add(TakenRequests.KeyOf("flood", "/write", BitConverter.GetBytes(i)), 2_000);
        Assert.Equal(mine, window.Requests.Select(request => request.Key).Intersect(mine));
        Assert.InRange(window.Requests.Count, RequestWindow.MaxKept / 2, RequestWindow.MaxKept);
    }

    private static async Task AppendAsync(WriteAheadLog log, UInt128? request)
    {
        var record = new WriterRecord(null, 0, 16, request) { Rows = 1 };
        Assert.True(log.TryAppend(record));
        await record.Durable;
    }

    private Task TakeAsync()
    {
        _calls++;
        return Task.CompletedTask;
    }
}
