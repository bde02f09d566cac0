using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Tests.Log;

public sealed class TornTailTests
{
    private static readonly string[] Texts = ["first", "second, and longer", "", "fourth"];

    [Fact]
    public async Task A_log_cut_at_any_byte_keeps_exactly_the_whole_records_and_goes_on()
    {
        using var source = new TemporaryFolder();
        using (var log = LogFixture.Open(source.Path))
            await LogFixture.AppendAsync(log, Texts);

        var bytes = await File.ReadAllBytesAsync(SegmentFile.PathOf(source.Path, 0));
        var ends = EndsOf(Texts);
        for (var length = SegmentFile.HeaderSize; length <= bytes.Length; length++)
        {
            using var folder = Copy(source.Path, bytes.AsSpan(0, length));
            using (var log = LogFixture.Open(folder.Path))
            {
                var whole = ends.Count(end => end <= length);
                Assert.Equal(Texts[..whole], LogFixture.ReadAll(log));
                await LogFixture.AppendAsync(log, "after");
            }

            using var again = LogFixture.Open(folder.Path);
            Assert.Equal("after", LogFixture.ReadAll(again)[^1]);
        }
    }

    [Fact]
    public async Task A_segment_without_its_header_is_told_and_not_taken_for_an_empty_one()
    {
        using var source = new TemporaryFolder();
        using (LogFixture.Open(source.Path))
        {
        }

        var bytes = await File.ReadAllBytesAsync(SegmentFile.PathOf(source.Path, 0));
        for (var length = 0; length < SegmentFile.HeaderSize; length++)
        {
            using var folder = Copy(source.Path, bytes.AsSpan(0, length));
            Assert.Throws<InvalidDataException>(() => LogFixture.Open(folder.Path));
        }
    }

    [Fact]
    public async Task A_flipped_bit_in_the_last_record_drops_it_alone()
    {
        using var source = new TemporaryFolder();
        using (var log = LogFixture.Open(source.Path))
            await LogFixture.AppendAsync(log, Texts);

        var bytes = await File.ReadAllBytesAsync(SegmentFile.PathOf(source.Path, 0));
        var lastFrame = EndsOf(Texts)[^2];
        for (var bit = lastFrame * 8; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            using var folder = Copy(source.Path, damaged);
            using var log = LogFixture.Open(folder.Path);
            Assert.Equal(Texts[..^1], LogFixture.ReadAll(log));
        }
    }

    [Fact]
    public async Task Damage_before_the_last_segment_is_told_and_not_repaired()
    {
        using var folder = new TemporaryFolder();
        using (var log = LogFixture.Open(folder.Path))
        {
            for (var i = 0; i < 20; i++)
                await LogFixture.AppendAsync(log, new string('x', 1000));
        }

        var first = SegmentFile.PathOf(folder.Path, 0);
        var bytes = await File.ReadAllBytesAsync(first);
        bytes[SegmentFile.HeaderSize + 100] ^= 1;
        await File.WriteAllBytesAsync(first, bytes);

        using var damaged = LogFixture.Open(folder.Path);
        Assert.Throws<InvalidDataException>(() => LogFixture.ReadAll(damaged));
    }

    private static List<int> EndsOf(string[] texts)
    {
        var end = SegmentFile.HeaderSize;
        return [.. texts.Select(text => end += FrameHeader.Size + text.Length)];
    }

    private static TemporaryFolder Copy(string source, ReadOnlySpan<byte> segment)
    {
        var folder = new TemporaryFolder();
        File.Copy(Path.Combine(source, "log-id"), Path.Combine(folder.Path, "log-id"));
        File.WriteAllBytes(SegmentFile.PathOf(folder.Path, 0), segment.ToArray());
        return folder;
    }
}
