using Mesh.Common.Errors;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Tests.Log;
using Mesh.Ingestion.Writers;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Writers;

/// <summary>How many writers are known, and which are forgotten.</summary>
public sealed class WriterTableTests : IDisposable
{
    private static readonly WriterLimits Limits = new() { Writers = 3, RequestIds = 2 };

    private readonly TemporaryFolder _folder = new();
    private readonly WriteAheadLog _log;
    private readonly ManualTime _time = new();
    private readonly WriterTable _table;

    public WriterTableTests() => (_log, _table) = (LogFixture.Open(_folder.Path), new WriterTable(_time, Limits));

    [Fact]
    public void Writers_that_write_nothing_leave_nothing_behind()
    {
        for (var i = 0; i < 1_000; i++)
            _table.OfStream("acme", "users/eve", $"{i}").Dispose();
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public async Task One_too_many_within_a_week_is_refused_and_nobody_is_forgotten_for_it()
    {
        foreach (var id in new[] { "a", "b", "c" })
        {
            await WriteAsync("acme", id);
            _time.Advance(TimeSpan.FromDays(1));
        }

        var refused = Assert.Throws<MeshException>(() => _table.OfStream("acme", "users/ada", "d"));
        Assert.Equal(("TOO_MANY_WRITERS", TimeSpan.FromHours(1)), (refused.Reason, refused.RetryAfter));
        // Who is known is not refused, nor is another tenant.
        await WriteAsync("acme", "a");
        await WriteAsync("other", "d");

        // A week after `b` was last heard of.
        _time.Advance(TimeSpan.FromDays(5.1));
        await WriteAsync("acme", "d");
        Assert.Equal([2UL, 0UL, 1UL, 1UL], new[] { "a", "b", "c", "d" }.Select(id => DurableOf("acme", id)));
    }

    // Whoever was forgotten and begins anew counts from one: an old number that came back would take his batches for old ones.
    [Fact]
    public void A_writer_that_was_forgotten_does_not_come_back_with_a_restart()
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        const long day = 24 * 3_600_000;
        var writers = new Dictionary<string, WriterState>
        {
            [WriterLimits.KeyOfStream("acme", "users/ada", "old")] = new(57, now - 8 * day),
            [WriterLimits.KeyOfStream("acme", "users/ada", "new")] = new(57, now - 6 * day),
        };
        var restored = new WriterTable(_time, Limits, new SenderState(new WriterSnapshot(0, writers, [])));
        Assert.Equal(1, restored.Count);
        using var old = restored.OfStream("acme", "users/ada", "old");
        using var known = restored.OfStream("acme", "users/ada", "new");
        Assert.Equal((0UL, 57UL), (old.Writer.Durable, known.Writer.Durable));
    }

    [Fact]
    public async Task Who_sends_is_remembered_for_a_week_and_while_his_stream_is_open()
    {
        await WriteAsync("acme", "a");
        using var open = _table.OfStream("acme", "users/ada", "open");
        await AppendAsync(open.Writer);
        _time.Advance(TimeSpan.FromDays(6.9));
        _table.Forget();
        Assert.Equal((2, 1UL), (_table.Count, DurableOf("acme", "a")));

        _time.Advance(TimeSpan.FromDays(7.1));
        _table.Forget();
        Assert.Equal(1, _table.Count);
        using (var again = _table.OfStream("acme", "users/ada", "open"))
            Assert.Same(open.Writer, again.Writer);
    }

    [Fact]
    public async Task An_id_of_a_single_write_is_remembered_for_an_hour_and_never_less()
    {
        foreach (var id in new[] { "1", "2" })
        {
            using var held = _table.OfRequest("acme", id);
            await AppendAsync(held.Writer);
        }

        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("TOO_MANY_WRITERS", Assert.Throws<MeshException>(() => _table.OfRequest("acme", "3")).Reason);
        using (var first = _table.OfRequest("acme", "1"))
            Assert.Equal(1UL, first.Writer.Durable);
        _time.Advance(TimeSpan.FromMinutes(2));
        using (var third = _table.OfRequest("acme", "3"))
            Assert.Equal(0UL, third.Writer.Durable);
    }

    [Fact]
    public void A_target_is_never_refused()
    {
        for (var i = 0; i < 10; i++)
            _table.OfTarget($"tenants/acme/targets/t{i}");
        Assert.Equal(10, _table.Count);
    }

    [Fact]
    public void The_snapshot_forgets_what_the_table_forgets()
    {
        const long hour = 3_600_000, now = 1000 * hour;
        var (stream, request, target) = (WriterLimits.KeyOfStream("acme", "users/ada", "s"), WriterLimits.KeyOfRequest("acme", "r"), WriterLimits.KeyOfTarget("tenants/acme/targets/t"));
        Assert.Equal([request, stream, target], KeptOf(now - hour, now - 168 * hour, now - 168 * hour));
        Assert.Empty(KeptOf(now - hour - 1, now - 168 * hour - 1, now - 168 * hour - 1));

        IEnumerable<string> KeptOf(long requested, long streamed, long read)
        {
            var writers = new Dictionary<string, WriterState> { [stream] = new(1, streamed), [request] = new(1, requested), [target] = new(1, read) };
            return new SenderState(new WriterSnapshot(0, writers, [])).SnapshotAt(1, now).Writers.Keys.Order(StringComparer.Ordinal);
        }
    }

    public void Dispose()
    {
        _log.Dispose();
        _folder.Dispose();
    }

    private async Task WriteAsync(string tenant, string id)
    {
        using var held = _table.OfStream(tenant, "users/ada", id);
        await AppendAsync(held.Writer);
    }

    private ulong DurableOf(string tenant, string id)
    {
        try
        {
            using var held = _table.OfStream(tenant, "users/ada", id);
            return held.Writer.Durable;
        }
        catch (MeshException)
        {
            // There is no room for one that is not known.
            return 0;
        }
    }

    private async Task AppendAsync(Writer writer)
    {
        var turn = await writer.OpenAsync(CancellationToken.None);
        var number = writer.Durable + 1;
        var record = new WriterRecord(writer, number, 16) { Rows = 1 };
        Assert.True(_log.TryAppend(record, () => writer.Admit(number, turn, record.Durable)));
        await record.Durable;
    }
}
