using System.Text;
using System.Text.Unicode;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.RemoteWrite;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.RemoteWrite;

namespace Mesh.Ingestion.Tests.Series;

/// <summary>One tenant's series do nothing to another's, however they are chosen.</summary>
public sealed class TenantSeriesTests
{
    private readonly Rows _rows = new();

    private static int Today => TimeWindow.Of(TimeProvider.System, new IntakeOptions()).Day;

    [Fact]
    public void A_series_that_is_made_to_have_anothers_id_does_not_hide_its_row()
    {
        using var victim = new SeriesBuilder();
        victim.Begin("aa", "m");
        victim.Label("l", "1");
        Assert.Equal(RejectionReason.None, victim.Finish(out var expected));

        using var attacker = new SeriesBuilder();
        attacker.Begin("bb", "m");
        attacker.Label("l"u8, LabelThatMeets(XxHash64.Compute(victim.Form)));
        Assert.Equal(expected, _rows.Begin().Series(attacker, "bb"));
        _rows.Cache.Of("bb").Learn(expected, Today);

        Assert.Equal(expected, _rows.Begin().Series(victim, "aa"));
        Assert.Equal(1, _rows.Batch.Series.Rows);
        Assert.Equal("aa"u8, _rows.Batch.Series.Tenant[0]);
        Assert.Equal((0, 1), (_rows.Cache.Of("aa").CountOn(Today), _rows.Cache.Of("bb").CountOn(Today)));
    }

    [Fact]
    public void Labels_that_are_made_to_have_anothers_key_do_not_take_its_samples()
    {
        var labels = WriteRequest.Labels("__name__=m,l=1");
        var victim = XxHash64.Compute(labels, XxHash64.Compute("aa"u8));
        var engineered = Search(victim, value => WriteRequest.Labels("__name__=m").Concat(WriteRequest.Label("l", value)).ToArray(), 40, XxHash64.Compute("bb"u8));
        Assert.Equal(victim, XxHash64.Compute(engineered, XxHash64.Compute("bb"u8)));

        Assert.NotEqual(Decode("bb", engineered), Decode("aa", labels));
        Assert.NotEqual(_rows.Labels.SeedOf("aa"), _rows.Labels.SeedOf("bb"));
        Assert.NotEqual(_rows.Labels.SeedOf("aa"), new LabelCache().SeedOf("aa"));
    }

    [Fact]
    public void Who_floods_the_cache_forgets_his_own()
    {
        var (cache, random) = (new SeriesCache(capacity: 4_000), new Random(7));
        var small = Enumerable.Range(0, 500).Select(_ => Id(random)).ToList();
        small.ForEach(id => cache.Of("small").Learn(id, 1));
        for (var i = 0; i < 50_000; i++)
            cache.Of("large").Learn(Id(random), 1);

        Assert.All(small, id => Assert.True(cache.Of("small").Knows(id, 1)));
        Assert.Equal(500, cache.Of("small").CountOn(1));
        Assert.InRange(cache.Held, 3_000, 4_000);
        Assert.Equal(cache.Held - 500, cache.Of("large").CountOn(1));
    }

    [Fact]
    public void What_is_learned_again_is_counted_once_and_days_that_are_over_take_no_room()
    {
        var (series, random) = (new SeriesCache(capacity: 1_000).Of("acme"), new Random(8));
        var ids = Enumerable.Range(0, 900).Select(_ => Id(random)).ToList();
        for (var day = 1; day <= 20; day++)
        {
            // Half of the series of each day are new.
            for (var i = 0; i < 450; i++)
                ids[i] = Id(random);
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids));
            foreach (var id in ids.Concat(ids))
                series.Learn(id, day);
            Assert.InRange(series.CountOn(day), 1, 900);
            Assert.InRange(series.Held, 1, 1_000);
        }

        // A writer that is late does not begin the day before anew.
        var count = series.CountOn(20);
        series.Learn(Id(random), 19);
        Assert.Equal((count, 0), (series.CountOn(20), series.CountOn(19)));
    }

    [Fact]
    public void Ids_that_are_made_alike_are_found_as_quickly_as_others()
    {
        // With their low bits as the place, each look-up would go past all the others: this would not end.
        var series = new SeriesCache().Of("acme");
        for (var i = 1UL; i <= 400_000; i++)
            series.Learn(i << 40, 1);
        for (var i = 1UL; i <= 400_000; i++)
            Assert.True(series.Knows(i << 40, 1));
        Assert.Equal(400_000, series.CountOn(1));
    }

    private static ulong Id(Random random) => (ulong)random.NextInt64(long.MinValue, long.MaxValue);

    // The form is: tenant, metric, how many labels, name, value, each text behind its length.
    private static byte[] LabelThatMeets(ulong hash)
    {
        byte[] head = [2, (byte)'b', (byte)'b', 1, (byte)'m', 1, 1, (byte)'l'];
        var form = Search(hash, value => [.. head, (byte)value.Length, .. value], 24, 0);
        return form[(head.Length + 1)..];
    }

    // Until the bytes that meet the hash happen to be UTF-8.
    private static byte[] Search(ulong hash, Func<byte[], byte[]> compose, int length, ulong seed)
    {
        var value = new byte[length - compose([]).Length];
        for (var i = 0; ; i++)
        {
            Encoding.ASCII.GetBytes($"{i:x6}").CopyTo(value, 0);
            var bytes = compose(value);
            EngineeredHash.Meet(bytes, hash, seed);
            if (Utf8.IsValid(bytes.AsSpan()[^value.Length..]) && XxHash64.Compute(bytes, seed) == hash)
                return bytes;
        }
    }

    private ulong Decode(string tenant, byte[] labels)
    {
        using var decoder = new RemoteWriteDecoder(tenant, _rows.Begin(), _rows.Labels);
        decoder.Decode(new WriteRequest().Raw(1, [.. labels, .. WriteRequest.Sample(Rows.Now, 1)]).ToArray());
        return Assert.Single(_rows.Batch.Samples.Series.Values.ToArray());
    }
}
