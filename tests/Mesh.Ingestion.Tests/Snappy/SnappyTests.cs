using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Snappy;
using Mesh.Ingestion.Tests.Receiving;

namespace Mesh.Ingestion.Tests.Snappy;

public sealed class SnappyTests
{
    private readonly SnappyEncoder _encoder = new();

    [Fact]
    public void What_was_packed_unpacks_to_itself()
    {
        var random = new Fuzz(3).Random;
        for (var round = 0; round < 400; round++)
        {
            var source = new byte[random.Next(round % 10 == 0 ? 300_000 : 3_000)];
            // From noise to long runs, with matches near and far.
            var alphabet = 1 + random.Next(256);
            for (var i = 0; i < source.Length; i++)
                source[i] = random.Next(8) == 0 || i < 40 ? (byte)random.Next(alphabet) : source[i - 1 - random.Next(Math.Min(i, 1 << random.Next(1, 17)))];
            for (var runs = random.Next(4); runs > 0 && source.Length > 10; runs--)
            {
                var start = random.Next(source.Length - 5);
                source.AsSpan(start, random.Next(source.Length - start)).CopyTo(source.AsSpan(random.Next(start + 1)));
            }

            Assert.Equal(source, Unpack(Pack(source)));
        }
    }

    [Fact]
    public void Text_that_repeats_itself_becomes_small()
    {
        var text = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"node_cpu_seconds_total{{cpu=\"{i % 8}\",mode=\"idle\"}} {i}\n"));
        var source = System.Text.Encoding.UTF8.GetBytes(text);
        Assert.InRange(Pack(source).Length, 1, source.Length / 4);
    }

    [Theory]
    [InlineData("00", "")]
    [InlineData("03 08 61 62 63", "abc")]
    // A literal, and a copy that overlaps itself, with an offset of one, two and four bytes.
    [InlineData("07 00 61 09 01 ", "aaaaaaa")]
    [InlineData("08 04 61 62 16 02 00", "abababab")]
    [InlineData("08 04 61 62 17 02 00 00 00", "abababab")]
    // A literal with its length in a byte of its own.
    [InlineData("03 F0 02 61 62 63", "abc")]
    public void The_format_is_read_as_it_is_described(string block, string expected) => Assert.Equal(expected, System.Text.Encoding.UTF8.GetString(Unpack(Hex(block))));

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("FF FF FF FF 7F 00")]
    [InlineData("FF FF FF FF FF FF")]
    [InlineData("01")]
    [InlineData("01 04 61 62")]
    [InlineData("04 00 61 05 00")]
    [InlineData("05 00 61 01 02")]
    [InlineData("05 00 61 02 01")]
    [InlineData("03 08 61 62")]
    [InlineData("03 FC FF FF FF FF 61")]
    [InlineData("80 80 80 40 00 61")]
    public void A_damaged_block_is_invalid_data(string block) => Assert.Throws<InvalidDataException>(() => Unpack(Hex(block)));

    [Fact]
    public void Random_damage_is_invalid_data_or_other_bytes_and_nothing_else()
    {
        var source = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 60).Select(i => $"sample {i % 7}, ")));
        new Fuzz().Run(Pack(source), 30_000, block => Unpack(block), typeof(InvalidDataException));
    }

    private byte[] Pack(byte[] source)
    {
        using var target = new ByteBuffer();
        _encoder.Encode(source, target);
        return target.Span.ToArray();
    }

    private static byte[] Unpack(byte[] block)
    {
        using var target = new ByteBuffer();
        target.WriteByte(7);
        SnappyDecoder.Decode(block, target);
        return target.Span[1..].ToArray();
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));
}
