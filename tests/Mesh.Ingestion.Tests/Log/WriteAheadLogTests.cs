using Mesh.Common.Errors;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Tests.Log;

public sealed class WriteAheadLogTests
{
    [Fact]
    public async Task Records_of_many_writers_come_back_whole_over_many_segments()
    {
        using var folder = new TemporaryFolder();
        using (var log = LogFixture.Open(folder.Path))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
            {
                for (var number = 0; number < 200; number++)
                    await LogFixture.AppendAsync(log, $"{writer}:{number}:{new string('.', number)}");
            })));
        }

        using var again = LogFixture.Open(folder.Path);
        var texts = LogFixture.ReadAll(again);
        Assert.Equal(1600, texts.Count);
        for (var writer = 0; writer < 8; writer++)
        {
            var numbers = texts.Select(text => text.Split(':')).Where(parts => parts[0] == $"{writer}").Select(parts => int.Parse(parts[1]));
            Assert.Equal(Enumerable.Range(0, 200), numbers);
        }

        Assert.True(SegmentFile.Starts(folder.Path).Count > 10);
    }

    [Fact]
    public async Task Truncation_deletes_whole_segments_before_the_checkpoint_only()
    {
        using var folder = new TemporaryFolder();
        using var log = LogFixture.Open(folder.Path);
        for (var i = 0; i < 50; i++)
            await LogFixture.AppendAsync(log, new string('x', 1000));

        var starts = SegmentFile.Starts(folder.Path);
        log.Truncate(starts[3] + FrameHeader.Size + 1000, starts[3] + FrameHeader.Size + 1000);
        Assert.Equal(starts[3..], SegmentFile.Starts(folder.Path));

        log.Truncate(log.DurableEnd, log.DurableEnd);
        Assert.Equal(starts[^1..], SegmentFile.Starts(folder.Path));
        await LogFixture.AppendAsync(log, "after");
        Assert.Equal(["after"], LogFixture.ReadAll(log, log.Checkpoint));
    }

    [Fact]
    public async Task A_record_that_readers_would_take_for_damage_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var log = LogFixture.Open(folder.Path);
        using var record = new LogRecord(FrameHeader.MaxPayload + 1) { Rows = 1 };
        record.Bytes.Take(FrameHeader.MaxPayload + 1);
        var refused = Assert.Throws<MeshException>(() => log.TryAppend(record));
        Assert.Equal(ErrorTable.TooLarge, refused.Reason);
        Assert.Null(refused.RetryAfter);
        await LogFixture.AppendAsync(log, "after");
        Assert.Equal(["after"], LogFixture.ReadAll(log));
    }

    [Fact]
    public async Task A_full_log_refuses_with_a_delay_and_takes_records_again_after_truncation()
    {
        using var folder = new TemporaryFolder();
        using var log = LogFixture.Open(folder.Path, LogFixture.Options with { MaxBytes = 1 << 16 });
        var refused = await Assert.ThrowsAsync<MeshException>(async () =>
        {
            while (true)
                await LogFixture.AppendAsync(log, new string('x', 1000));
        });
        Assert.Equal("LOG_FULL", refused.Reason);
        Assert.True(refused.RetryAfter > TimeSpan.Zero);

        log.Truncate(log.DurableEnd, log.DurableEnd);
        await LogFixture.AppendAsync(log, "after");
    }

    [Fact]
    public void A_disk_with_too_little_space_refuses()
    {
        using var folder = new TemporaryFolder();
        using var log = LogFixture.Open(folder.Path, LogFixture.Options with { MinFreeBytes = long.MaxValue });
        var refused = Assert.Throws<MeshException>(() => log.TryAppend(LogFixture.Record("x")));
        Assert.Equal("DISK_FULL", refused.Reason);
    }

    [Fact]
    public async Task A_batch_ends_with_the_record_that_fills_it_and_a_reader_sees_the_same_ends_again()
    {
        using var folder = new TemporaryFolder();
        var options = LogFixture.Options with { BatchRows = 10 };
        List<bool> Ends(WriteAheadLog log)
        {
            using var reader = new LogReader(log, 0);
            var ends = new List<bool>();
            while (reader.TryRead())
                ends.Add(reader.Header.EndsBatch);
            return ends;
        }

        using (var log = LogFixture.Open(folder.Path, options))
        {
            foreach (var rows in new[] { 4, 5, 1, 12, 9, 1 })
            {
                var record = LogFixture.Record("x", rows);
                log.TryAppend(record);
                await record.Durable;
            }

            Assert.Equal([false, false, true, true, false, true], Ends(log));
        }

        using var again = LogFixture.Open(folder.Path, options with { BatchRows = 3 });
        Assert.Equal([false, false, true, true, false, true], Ends(again));
    }

    [Fact]
    public async Task A_batch_that_stays_small_ends_by_its_age()
    {
        using var folder = new TemporaryFolder();
        using var log = LogFixture.Open(folder.Path, LogFixture.Options with { BatchAge = TimeSpan.FromMilliseconds(20) });
        await LogFixture.AppendAsync(log, "x");
        await log.WaitBeyondAsync(FrameHeader.Size + 1, CancellationToken.None);
        using var reader = new LogReader(log, 0);
        Assert.True(reader.TryRead());
        Assert.False(reader.Header.EndsBatch);
        Assert.True(reader.TryRead());
        Assert.True(reader.Header.EndsBatch);
        Assert.Equal(0, reader.Header.Rows);
    }

    [Fact]
    public async Task A_log_that_ends_before_the_checkpoint_is_not_opened()
    {
        using var folder = new TemporaryFolder();
        using (var log = LogFixture.Open(folder.Path))
            await LogFixture.AppendAsync(log, "x");
        Assert.Throws<InvalidDataException>(() => LogFixture.Open(folder.Path, checkpoint: 1000));
    }
}
