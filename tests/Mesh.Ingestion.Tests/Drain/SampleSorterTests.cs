using System.Text;
using Mesh.Ingestion.Drain;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Drain;

public sealed class SampleSorterTests
{
    [Theory]
    [InlineData(1, 1000)]
    [InlineData(3, 1000)]
    [InlineData(300, 1000)]
    [InlineData(2, 3)]
    public void Rows_come_in_the_order_of_the_table_and_none_is_lost(int tenants, int series)
    {
        var random = new Random(5);
        var sorter = new SampleSorter();
        var target = new SampleBlock();
        for (var round = 0; round < 20; round++)
        {
            var source = new SampleBlock();
            for (var row = random.Next(3000); row > 0; row--)
            {
                source.Tenant.Add($"t{random.Next(tenants)}");

                // Some series differ in their last bits alone.
                source.Series.Add(((ulong)random.Next(series) << 50) | (uint)random.Next(2));
                source.Time.Add(random.Next(50));
                source.Value.Add(row);
            }

            sorter.Sort(source, target);
            var expected = RowsOf(source).OrderBy(row => row.Tenant, StringComparer.Ordinal).ThenBy(row => row.Series).ThenBy(row => row.Time);
            Assert.Equal(expected, RowsOf(target));
        }
    }

    [Theory]
    [InlineData(1, 40)]
    [InlineData(1, 60_000)]
    [InlineData(5, 2_000)]
    public void A_batch_of_many_buckets_and_passes_is_in_order(int tenants, int series)
    {
        var random = new Random(7);
        var ids = Enumerable.Range(0, series).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue)).ToArray();
        var source = new SampleBlock();
        for (var row = 0; row < 200_000; row++)
        {
            // One tenant has most of the rows.
            source.Tenant.Add($"t{(random.Next(4) == 0 ? random.Next(tenants) : 0)}");
            source.Series.Add(ids[random.Next(series)]);
            source.Time.Add(random.Next(8) == 0 ? random.Next(200_000) : row);
            source.Value.Add(row);
        }

        var target = new SampleBlock();
        new SampleSorter().Sort(source, target);
        var expected = RowsOf(source).OrderBy(row => row.Tenant, StringComparer.Ordinal).ThenBy(row => row.Series).ThenBy(row => row.Time);
        Assert.Equal(expected, RowsOf(target));
    }

    private static List<(string Tenant, ulong Series, long Time, double Value)> RowsOf(SampleBlock block)
    {
        var values = block.Value.Values;
        var rows = new List<(string, ulong, long, double)>();
        for (var row = 0; row < block.Rows; row++)
            rows.Add((Encoding.UTF8.GetString(block.Tenant[row]), block.Series.Values[row], block.Time.Values[row], values[row]));
        return rows;
    }
}
