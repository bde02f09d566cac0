using System.Text.RegularExpressions;
using Mesh.Common.ClickHouse;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Ingestion.Tests.Tables;

[Trait("Needs", "servers")]
public sealed class TableSetupTests(ReplicaServers servers) : IClassFixture<ReplicaServers>, IAsyncLifetime
{
    private static readonly string[] s_tables = ["events", "logs", "samples", "samples_1m", "series", "spans"];

    /// <summary>Makes the tables as an earlier version might have, and once more in a database of their own as they should be.</summary>
    public async Task InitializeAsync()
    {
        await QueryAsync("drop database if exists fresh");
        await QueryAsync("create database fresh");
        foreach (var table in s_tables)
            await QueryAsync($"drop table if exists {table}");
        foreach (var statement in TableSetup.Statements().Where(statement => statement.Contains("create table", StringComparison.Ordinal)))
        {
            await QueryAsync(statement.Replace("if not exists ", "fresh.", StringComparison.Ordinal));
            await QueryAsync(Earlier(statement));
        }

        await QueryAsync("insert into logs (tenant, time, body) values ('acme', now() - interval 10 day, 'kept')");
        await QueryAsync("insert into events (tenant, time, body) values ('acme', now() - interval 100 day, 'too old'), ('acme', now(), 'kept')");
        Assert.NotEqual(await TermsAsync("fresh"), await TermsAsync("default"));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Tables_of_an_earlier_version_get_what_the_script_states_and_no_second_start_alters_them()
    {
        await SetUpAsync(servers.Engine.Address);
        Assert.Equal(await TermsAsync("fresh"), await TermsAsync("default"));
        await Wait.UntilAsync("the events that are too old are gone", async () => await QueryAsync("select body from events") == "kept");
        Assert.Equal("kept", await QueryAsync("select body from logs"));

        using var proxy = new HoldingProxy(servers.Engine.Address);
        proxy.Hold("alter table");
        await SetUpAsync(proxy.Address);
        Assert.Equal(0, proxy.Held);
    }

    [Fact]
    public async Task What_a_table_is_made_with_for_good_and_what_an_operator_has_set_stays()
    {
        await QueryAsync("alter table logs modify setting merge_with_ttl_timeout = 77");
        await SetUpAsync(servers.Engine.Address);
        var terms = TableTerms.Parse(await EngineAsync("default", "logs"));
        Assert.Equal(("512", "77"), (terms.Settings["index_granularity"], terms.Settings["merge_with_ttl_timeout"]));
        Assert.Equal("512", TableTerms.Parse(await EngineAsync("default", "samples")).Settings["index_granularity"]);
    }

    [Fact]
    public async Task Replicas_that_start_at_once_come_to_the_same()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SetUpAsync(servers.Engine.Address)));
        Assert.Equal(await TermsAsync("fresh"), await TermsAsync("default"));
    }

    [Theory]
    [InlineData("series modify setting")]
    [InlineData("samples modify ttl")]
    [InlineData("spans modify setting")]
    public async Task What_a_kill_cuts_off_the_next_start_does(string statement)
    {
        using var proxy = new HoldingProxy(servers.Engine.Address);
        proxy.Hold("alter table " + statement);
        await using var ingestion = servers.Replica("killed", proxy.Address);
        await ingestion.StartAsync();
        await Wait.UntilAsync("the set-up is there", () => proxy.Held > 0);
        await ingestion.KillAsync();
        Assert.NotEqual(await TermsAsync("fresh"), await TermsAsync("default"));

        await SetUpAsync(servers.Engine.Address);
        Assert.Equal(await TermsAsync("fresh"), await TermsAsync("default"));
    }

    /// <summary>Other granules, too short a window, other settings and TTLs, of one table none at all.</summary>
    private static string Earlier(string statement)
    {
        var settings = statement.Contains("exists spans", StringComparison.Ordinal) ? "" : "settings index_granularity = 512, non_replicated_deduplication_window = 5";
        var ttl = statement.Contains("exists events", StringComparison.Ordinal) ? "" : "interval 20 day";
        var earlier = Regex.Replace(statement, @"\nsettings [\s\S]*$", "\n" + settings);
        return ttl.Length > 0 ? Regex.Replace(earlier, @"interval \d+ day\n", ttl + "\n") : Regex.Replace(earlier, @"\nttl .*\n", "\n");
    }

    private static async Task SetUpAsync(Uri engine)
    {
        using var clickHouse = new ClickHouseClient(engine, TimeProvider.System);
        using var setup = new TableSetup(clickHouse, TimeProvider.System, NullLogger<TableSetup>.Instance);
        await setup.StartAsync(CancellationToken.None);
        await setup.ReadyAsync(CancellationToken.None).WaitAsync(Wait.Limit);
        await setup.StopAsync(CancellationToken.None);
    }

    /// <summary>The terms of all tables, but for the granules.</summary>
    private async Task<string> TermsAsync(string database)
    {
        var terms = new List<string>();
        foreach (var table in s_tables)
        {
            var (ttl, settings) = TableTerms.Parse(await EngineAsync(database, table));
            terms.Add($"{table} ttl {ttl} {string.Join(", ", settings.Where(setting => setting.Key != "index_granularity").OrderBy(setting => setting.Key))}");
        }

        return string.Join('\n', terms);
    }

    private Task<string> EngineAsync(string database, string table) =>
        QueryAsync($"select engine_full from system.tables where database = '{database}' and name = '{table}' format TSVRaw");

    private Task<string> QueryAsync(string sql) => servers.Engine.QueryAsync(sql);
}
