using System.Buffers.Binary;
using System.Text;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Tests.Series;

namespace Mesh.Ingestion.Tests.Columns;

public sealed class KeyTableTests
{
    [Fact]
    public void Strings_that_are_made_to_have_one_hash_are_numbered_as_quickly_as_others()
    {
        // If each search went past all the others, this would not end.
        const int count = 300_000;
        using var table = new KeyTable();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < count; i++)
                Assert.Equal(i, table.IndexOf(Engineered(i)));
            Assert.True(table.IsSecret);
            for (var i = 0; i < count; i += 1_000)
            {
                Assert.Equal(i, table.IndexOf(Engineered(i)));
                Assert.True(table[i].SequenceEqual(Engineered(i)));
            }

            table.Clear();
            Assert.False(table.IsSecret);
        }
    }

    [Fact]
    public void Strings_that_nobody_has_chosen_so_keep_the_fast_hash()
    {
        using var table = new KeyTable();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 500_000; i++)
                Assert.Equal(i, table.IndexOf(Encoding.ASCII.GetBytes($"/api/v1/items/{i}")));
        }

        Assert.False(table.IsSecret);
        Assert.Equal(500_000, table.IndexOf(""));
        Assert.Equal(500_001, table.IndexOf("x"));
    }

    private static byte[] Engineered(int number)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        EngineeredHash.Meet(bytes, 42, 0);
        return bytes;
    }
}
