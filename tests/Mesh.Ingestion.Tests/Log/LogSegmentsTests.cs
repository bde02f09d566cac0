using Mesh.Common.Errors;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Tests.Log;

public sealed class LogSegmentsTests
{
    private static readonly LogOptions Options = LogFixture.Options with { SpareSegments = 2 };

    [Fact]
    public async Task Segments_that_nobody_needs_are_written_over_and_no_more_are_kept_than_allowed()
    {
        using var folder = new TemporaryFolder();
        using (var log = LogFixture.Open(folder.Path, Options))
        {
            await FillAsync(log, 50, 'a');
            Assert.True(SegmentFile.Starts(folder.Path).Count > 5);
            log.Truncate(log.DurableEnd, log.DurableEnd);
            var spares = SegmentFile.Spares(folder.Path).ToList();
            Assert.Equal(2, spares.Count);

            var from = log.DurableEnd;
            await FillAsync(log, 7, 'b');
            Assert.Empty(SegmentFile.Spares(folder.Path));
            Assert.Equal(Texts(7, 'b'), LogFixture.ReadAll(log, from));
        }

        using var again = LogFixture.Open(folder.Path, Options);
        Assert.Equal(Texts(7, 'b'), LogFixture.ReadAll(again, again.First)[^7..]);
    }

    [Fact]
    public async Task A_log_cut_at_any_byte_of_a_file_that_is_written_over_keeps_exactly_the_whole_records()
    {
        using var source = new TemporaryFolder();
        byte[] before;
        string path;
        using (var log = LogFixture.Open(source.Path, Options))
        {
            await FillAsync(log, 20, 'a');
            log.Truncate(log.DurableEnd, log.DurableEnd);
            before = await File.ReadAllBytesAsync(SegmentFile.Spares(source.Path).Max()!);
            while (SegmentFile.Spares(source.Path).Count() == 2)
                await FillAsync(log, 1, 'b');
            path = SegmentFile.PathOf(source.Path, SegmentFile.Starts(source.Path)[^1]);
            await LogFixture.AppendAsync(log, "first", "second, and longer", "third");
        }

        // What the disk holds after a crash: the new bytes up to somewhere, behind them those of the file's earlier use.
        var after = await File.ReadAllBytesAsync(path);
        Assert.Equal(before.Length, after.Length);
        int[] ends = [1000, 5, 18, 5];
        for (var cut = SegmentFile.HeaderSize + 1000; cut < SegmentFile.HeaderSize + ends.Sum(length => FrameHeader.Size + length); cut++)
        {
            using var folder = Copy(source.Path);
            await File.WriteAllBytesAsync(path.Replace(source.Path, folder.Path, StringComparison.Ordinal), [.. after.AsSpan(0, cut), .. before.AsSpan(cut)]);
            var whole = ends.Index().Count(end => SegmentFile.HeaderSize + ends.Take(end.Index + 1).Sum(length => FrameHeader.Size + length) <= cut);
            string[] texts = [Text('b'), "first", "second, and longer", "third"];
            using (var log = LogFixture.Open(folder.Path, Options))
            {
                Assert.Equal(texts[..whole], LogFixture.ReadAll(log, log.Recovered.LastSegment));
                await LogFixture.AppendAsync(log, "after");
            }

            using var again = LogFixture.Open(folder.Path, Options);
            Assert.Equal([.. texts[..whole], "after"], LogFixture.ReadAll(again, again.Recovered.LastSegment));
        }
    }

    [Fact]
    public async Task A_segment_that_is_read_is_not_written_over()
    {
        using var folder = new TemporaryFolder();
        using var log = LogFixture.Open(folder.Path, Options);
        await FillAsync(log, 50, 'a');
        using var reader = new LogReader(log, 0);
        Assert.True(reader.TryRead());
        log.Truncate(log.DurableEnd, log.DurableEnd);
        await FillAsync(log, 50, 'b');

        // The rest of its segment is there yet; what followed is not.
        Assert.True(reader.TryRead());
        Assert.Equal(Text('a'), System.Text.Encoding.UTF8.GetString(reader.Payload));
        var gone = Assert.Throws<InvalidDataException>(() =>
        {
            while (reader.TryRead())
                Assert.Equal(Text('a'), System.Text.Encoding.UTF8.GetString(reader.Payload));
        });
        Assert.Contains("no longer holds", gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_crash_has_left_of_the_making_of_a_segment_is_in_nobodys_way()
    {
        using var folder = new TemporaryFolder();
        using (var log = LogFixture.Open(folder.Path, Options))
        {
            while (log.DurableEnd < Options.SegmentBytes)
                await FillAsync(log, 1, 'a');
            var next = log.DurableEnd;
            Assert.Equal([0], SegmentFile.Starts(folder.Path));
            await File.WriteAllTextAsync(SegmentFile.PathOf(folder.Path, next), "left of an attempt that failed");
            await FillAsync(log, 1, 'b');
            Assert.Equal([0, next], SegmentFile.Starts(folder.Path));
        }

        // The file that was made for a segment, which then another one became.
        await File.WriteAllTextAsync(SegmentFile.SpareOf(folder.Path, 0), "left of a crash");
        using var again = LogFixture.Open(folder.Path, Options);
        Assert.Equal(Text('b'), LogFixture.ReadAll(again)[^1]);
        var from = again.DurableEnd;
        await FillAsync(again, 5, 'c');
        again.Truncate(from, from);
        await FillAsync(again, 20, 'd');
        again.Truncate(from, from);
        Assert.Equal([.. Texts(5, 'c'), .. Texts(20, 'd')], LogFixture.ReadAll(again, from));
    }

    [Fact]
    public async Task A_disk_with_too_little_space_gets_back_what_was_kept()
    {
        using var folder = new TemporaryFolder();
        using (var log = LogFixture.Open(folder.Path, Options))
        {
            await FillAsync(log, 50, 'a');
            var middle = SegmentFile.Starts(folder.Path)[4];
            log.Truncate(middle, middle);
        }

        Assert.Equal(2, SegmentFile.Spares(folder.Path).Count());
        using var full = LogFixture.Open(folder.Path, Options with { MinFreeBytes = long.MaxValue });
        full.Truncate(full.DurableEnd, full.DurableEnd);
        Assert.Empty(SegmentFile.Spares(folder.Path));
        Assert.Single(SegmentFile.Starts(folder.Path));
    }

    [Fact]
    public async Task A_disk_with_too_little_space_gets_back_what_was_kept_though_nothing_drains()
    {
        using var folder = new TemporaryFolder();
        using (var log = LogFixture.Open(folder.Path, Options))
        {
            await FillAsync(log, 50, 'a');
            log.Truncate(log.DurableEnd, log.DurableEnd);
        }

        Assert.Equal(2, SegmentFile.Spares(folder.Path).Count());
        using var full = LogFixture.Open(folder.Path, Options with { MinFreeBytes = long.MaxValue });
        using var record = LogFixture.Record("refused");
        Assert.Equal("DISK_FULL", Assert.Throws<MeshException>(() => full.TryAppend(record)).Reason);
        Assert.Empty(SegmentFile.Spares(folder.Path));
    }

    /// <summary>Random appends, truncations, starts and torn tails, against a list of what was acknowledged.</summary>
    [Fact]
    public async Task Any_history_of_the_log_gives_back_exactly_what_was_acknowledged()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            using var folder = new TemporaryFolder();
            var held = new List<(long Position, string Text)>();
            var checkpoint = 0L;
            var log = LogFixture.Open(folder.Path, Options);
            try
            {
                for (var step = 0; step < 120; step++)
                {
                    switch (random.Next(10))
                    {
                        case 0:
                            checkpoint = held.Count == 0 ? log.DurableEnd : held[random.Next(held.Count)].Position;
                            log.Truncate(checkpoint, checkpoint);
                            break;
                        case 1:
                            log.Dispose();
                            if (random.Next(2) == 0)
                                Tear(folder.Path, log.DurableEnd, random);
                            log = LogFixture.Open(folder.Path, Options, checkpoint);
                            break;
                        default:
                            var records = Enumerable.Range(0, random.Next(1, 6)).Select(_ => new string((char)('a' + random.Next(26)), random.Next(1500))).ToList();
                            var at = log.DurableEnd;
                            await LogFixture.AppendAsync(log, records);
                            foreach (var text in records)
                            {
                                held.Add((at, text));
                                at += FrameHeader.Size + text.Length;
                            }

                            break;
                    }

                    held.RemoveAll(record => record.Position < checkpoint);
                    Assert.True(held.Select(record => record.Text).SequenceEqual(LogFixture.ReadAll(log, checkpoint)), $"seed {seed}, step {step}");
                }
            }
            finally
            {
                log.Dispose();
            }
        }
    }

    // A crash in the middle of a write: part of a frame lies behind the last durable one, over whatever was there.
    private static void Tear(string folder, long end, Random random)
    {
        var last = SegmentFile.Starts(folder)[^1];
        using var file = File.OpenHandle(SegmentFile.PathOf(folder, last), FileMode.Open, FileAccess.ReadWrite);
        var frame = new byte[FrameHeader.Size + random.Next(1, 500)];
        random.NextBytes(frame.AsSpan(FrameHeader.Size));
        FrameHeader.Seal(frame, end, 1, BatchEnd.None, 0);
        RandomAccess.Write(file, frame.AsSpan(0, random.Next(frame.Length)), SegmentFile.HeaderSize + end - last);
    }

    private static string Text(char content) => new(content, 1000);

    private static IEnumerable<string> Texts(int count, char content) => Enumerable.Repeat(Text(content), count);

    // One after the other: each is a group of its own, so segments end where they should.
    private static async Task FillAsync(WriteAheadLog log, int count, char content)
    {
        foreach (var text in Texts(count, content))
            await LogFixture.AppendAsync(log, text);
    }

    private static TemporaryFolder Copy(string source)
    {
        var folder = new TemporaryFolder();
        foreach (var path in Directory.EnumerateFiles(source))
            File.Copy(path, Path.Combine(folder.Path, Path.GetFileName(path)));
        return folder;
    }
}
