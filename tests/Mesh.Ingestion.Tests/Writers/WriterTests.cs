using Mesh.Ingestion.Log;
using Mesh.Ingestion.Tests.Log;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Tests.Writers;

public sealed class WriterTests
{
    [Fact]
    public async Task Batches_enter_the_log_in_order_once_and_a_newer_turn_ends_the_older()
    {
        using var folder = new TemporaryFolder();
        using var log = LogFixture.Open(folder.Path);
        using var held = new WriterTable(TimeProvider.System, new WriterLimits()).OfStream("acme", "users/ada", "w");
        var writer = held.Writer;
        var turn = await writer.OpenAsync(CancellationToken.None);
        Assert.True(await AppendAsync(log, writer, 1, turn));
        Assert.Equal(BatchStanding.Taken, writer.Standing(1, turn));
        Assert.Equal(BatchStanding.Gap, writer.Standing(3, turn));
        Assert.False(await AppendAsync(log, writer, 1, turn));
        Assert.False(await AppendAsync(log, writer, 3, turn));

        var newer = await writer.OpenAsync(CancellationToken.None);
        Assert.Equal(BatchStanding.Superseded, writer.Standing(2, turn));
        Assert.False(await AppendAsync(log, writer, 2, turn));
        Assert.True(await AppendAsync(log, writer, 2, newer));
        Assert.Equal(2UL, writer.Durable);
    }

    [Fact]
    public async Task A_restart_knows_every_durable_batch_from_the_snapshot_and_the_log()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "writers");
        using (var log = LogFixture.Open(folder.Path))
        {
            using var held = new WriterTable(TimeProvider.System, new WriterLimits()).OfStream("acme", "a", "w");
            var writer = held.Writer;
            var turn = await writer.OpenAsync(CancellationToken.None);
            for (var number = 1UL; number <= 5; number++)
                Assert.True(await AppendAsync(log, writer, number, turn));
        }

        new WriterSnapshot(0, new Dictionary<string, WriterState> { ["stream/acme/b/v"] = new(9, Now), ["stream/acme/a/w"] = new(2, Now) }, []).Write(path);
        using var again = LogFixture.Open(folder.Path);
        var restored = new WriterTable(TimeProvider.System, new WriterLimits(), SenderState.Restore(WriterSnapshot.Read(path), again));
        foreach (var (tenant, caller, id, durable) in new[] { ("acme", "a", "w", 5UL), ("acme", "b", "v", 9UL), ("acme", "b", "w", 0UL), ("other", "a", "w", 0UL) })
        {
            using var held = restored.OfStream(tenant, caller, id);
            Assert.Equal(durable, held.Writer.Durable);
        }
    }

    [Fact]
    public void A_damaged_snapshot_is_told()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "writers");
        new WriterSnapshot(7, new Dictionary<string, WriterState> { ["x"] = new(1, 2) }, [(UInt128.MaxValue - 1, 3), (4, 5)]).Write(path);
        Assert.Equal(7, WriterSnapshot.Read(path).Position);
        Assert.Equal([(UInt128.MaxValue - 1, 3L), ((UInt128)4, 5L)], WriterSnapshot.Read(path).Requests);
        var bytes = File.ReadAllBytes(path);
        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = bytes.ToArray();
            damaged[i] ^= 0x40;
            File.WriteAllBytes(path, damaged);
            Assert.Throws<InvalidDataException>(() => WriterSnapshot.Read(path));
        }
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static async Task<bool> AppendAsync(WriteAheadLog log, Writer writer, ulong number, long turn)
    {
        var record = new WriterRecord(writer, number, 16) { Rows = 1 };
        if (!log.TryAppend(record, () => writer.Admit(number, turn, record.Durable)))
            return false;
        await record.Durable;
        return true;
    }
}
