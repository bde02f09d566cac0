using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Tables;

public sealed class TableTermsTests
{
    private const string Made =
        "CREATE TABLE IF NOT EXISTS t (`a` DateTime TTL a + toIntervalDay(1)) ENGINE = ReplacingMergeTree(a) PARTITION BY toDate(a) ORDER BY (a) "
        + "TTL a + toIntervalDay(30) SETTINGS window = 10000, policy = 'hot, cold = 1', granularity = 1024";

    private static readonly HashSet<string> s_kept = ["granularity"];

    [Fact]
    public void A_statement_and_the_engine_of_its_table_read_the_same()
    {
        var stated = TableTerms.Parse(Made);
        var actual = TableTerms.Parse(Made[(Made.IndexOf("ENGINE = ", StringComparison.Ordinal) + 9)..]);
        Assert.Equal("a + toIntervalDay(30)", stated.Ttl);
        Assert.Equal(new Dictionary<string, string> { ["window"] = "10000", ["policy"] = "'hot, cold = 1'", ["granularity"] = "1024" }, stated.Settings);
        Assert.Equal(stated.Ttl, actual.Ttl);
        Assert.Equal(stated.Settings, actual.Settings);
        Assert.Empty(actual.Alterations("t", stated, s_kept));
    }

    [Fact]
    public void Only_what_differs_is_altered_and_what_nobody_states_stays()
    {
        var stated = TableTerms.Parse(Made);
        var actual = TableTerms.Parse("MergeTree ORDER BY a TTL a + toIntervalDay(3) SETTINGS window = 10000, granularity = 8192, disk = 'ssd'");
        Assert.Equal(["policy", "granularity"], actual.Differing(stated));
        Assert.Equal(
            ["alter table t modify setting policy = 'hot, cold = 1'", "alter table t modify ttl a + toIntervalDay(30) settings alter_sync = 0"],
            actual.Alterations("t", stated, s_kept));
    }

    [Fact]
    public void A_table_may_have_neither_and_may_lose_its_ttl()
    {
        var bare = TableTerms.Parse("MergeTree ORDER BY a");
        Assert.Equal("", bare.Ttl);
        Assert.Empty(bare.Settings);
        Assert.Equal(["alter table t modify ttl a settings alter_sync = 0"], bare.Alterations("t", TableTerms.Parse("MergeTree TTL a"), s_kept));
        Assert.Equal(["alter table t remove ttl settings alter_sync = 0"], TableTerms.Parse("MergeTree TTL a").Alterations("t", bare, s_kept));
    }
}
