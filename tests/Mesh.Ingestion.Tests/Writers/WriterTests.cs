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
        var writer = new WriterTable(TimeProvider.System).OfStream("users/ada", "w");
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
            var table = new WriterTable(TimeProvider.System);
            var writer = table.OfStream("a", "w");
            var turn = await writer.OpenAsync(CancellationToken.None);
            for (var number = 1UL; number <= 5; number++)
                Assert.True(await AppendAsync(log, writer, number, turn));
        }

        new WriterSnapshot(0, new Dictionary<string, WriterState> { ["stream/b/v"] = new(9, Now), ["stream/a/w"] = new(2, Now) }, []).Write(path);
        using var again = LogFixture.Open(folder.Path);
        var restored = new WriterTable(TimeProvider.System, SenderState.Restore(WriterSnapshot.Read(path), again));
        Assert.Equal(5UL, restored.OfStream("a", "w").Durable);
        Assert.Equal(9UL, restored.OfStream("b", "v").Durable);
        Assert.Equal(0UL, restored.OfStream("b", "w").Durable);
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
