using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Native;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Columns;

public sealed class BatchTests
{
    [Fact]
    public void Records_appended_one_by_one_give_the_block_that_all_rows_would_give()
    {
        var random = new Random(7);
        for (var round = 0; round < 50; round++)
        {
            var whole = new TelemetryBatch();
            var gathered = new TelemetryBatch();
            for (var part = 0; part < 5; part++)
            {
                var seed = random.Next();
                SampleRows.Fill(whole, new Random(seed));
                var record = new TelemetryBatch();
                SampleRows.Fill(record, new Random(seed));
                using var bytes = new ByteBuffer();
                record.Encode(bytes);
                var reader = new ByteReader(bytes.Span);
                gathered.Append(ref reader);
            }

            for (var block = 0; block < whole.Blocks.Count; block++)
            {
                var expected = NativeBlock.PiecesOf(whole.Blocks[block]).SelectMany(piece => piece.ToArray());
                Assert.Equal(expected, NativeBlock.PiecesOf(gathered.Blocks[block]).SelectMany(piece => piece.ToArray()));
            }
        }
    }

    [Fact]
    public void A_record_cut_at_any_byte_is_invalid_data_and_nothing_else()
    {
        var batch = new TelemetryBatch();
        SampleRows.Fill(batch, new Random(11));
        using var bytes = new ByteBuffer();
        batch.Encode(bytes);
        var accepted = 0;
        for (var length = 1; length < bytes.Length; length++)
        {
            try
            {
                var reader = new ByteReader(bytes.Span[..length]);
                new TelemetryBatch().Append(ref reader);
                accepted++;
            }
            catch (InvalidDataException)
            {
            }
        }

        // A cut between two tables' blocks cannot be seen; the frame's checksum guards it.
        Assert.InRange(accepted, 0, 4);
    }

    [Fact]
    public void Random_bytes_never_break_more_than_the_record()
    {
        var random = new Random(13);
        var batch = new TelemetryBatch();
        SampleRows.Fill(batch, new Random(17));
        using var bytes = new ByteBuffer();
        batch.Encode(bytes);
        for (var round = 0; round < 20_000; round++)
        {
            var damaged = bytes.Span.ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                var reader = new ByteReader(damaged);
                new TelemetryBatch().Append(ref reader);
            }
            catch (InvalidDataException)
            {
            }
        }
    }
}
