using System.Reflection;
using Mesh.Common.Errors;
using Mesh.Common.Postgres;
using Mesh.Common.Tests.Hosting;
using Mesh.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Mesh.Common.Tests.Postgres;

[Trait("Needs", "servers")]
public sealed class PostgresTests : IAsyncLifetime
{
    private static readonly IReadOnlyList<Migration> s_migrations = Migration.In(Assembly.GetExecutingAssembly());

    private string _database = "";
    private NpgsqlDataSource _source = null!;
    private MeshDatabase _db = null!;

    public async Task InitializeAsync()
    {
        _database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        await MigrateAsync();
        DapperTypes.Register();
        _source = PostgresSetup.ApplicationSource(_database, "notes");
        _db = new(_source, SchemaReadiness.Open());
    }

    public async Task DisposeAsync() => await _source.DisposeAsync();

    [Fact]
    public async Task Migrations_run_once_even_when_many_start_at_the_same_time()
    {
        var database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MigrateAsync(database: database)));
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var count = new NpgsqlCommand("select count(*) from notes.schema_migrations", connection);
        Assert.Equal((long)s_migrations.Count, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task An_edited_migration_is_refused()
    {
        var edited = s_migrations.Select(m => m.Version == 1 ? m with { Sql = m.Sql + "\n-- edited" } : m).Select(m => new Migration(m.Version, m.Name, m.Sql));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => MigrateAsync([.. edited]));
        Assert.Contains("0001_notes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_behind()
    {
        var bad = new Migration(3, "bad", "create table half (id int); select 1 / 0;");
        await Assert.ThrowsAsync<PostgresException>(() => MigrateAsync([.. s_migrations, bad]));
        await MigrateAsync([.. s_migrations, new Migration(3, "good", "create table half (id int)")]);
    }

    [Fact]
    public async Task A_tenant_sees_its_own_rows_alone()
    {
        await AddAsync("acme", "a");
        await AddAsync("other", "b");
        Assert.Equal(["a"], await TextsAsync("acme"));
        Assert.Equal(["b"], await TextsAsync("other"));
        Assert.Equal(["a", "b"], await TextsAsync(MeshDatabase.Platform));

        await using var transaction = await _db.BeginAsync("acme", default);
        Assert.Equal(0, await transaction.ExecuteAsync("delete from notes where tenant = 'other'", null, default));
        var error = await Assert.ThrowsAsync<PostgresException>(() =>
            transaction.ExecuteAsync("insert into notes (tenant, text) values ('other', 'c')", null, default));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, error.SqlState);
    }

    [Fact]
    public async Task A_tenant_does_not_cling_to_a_pooled_connection()
    {
        await AddAsync("acme", "a");
        for (var i = 0; i < 20; i++)
        {
            await using var connection = await _source.OpenConnectionAsync();
            await using var command = new NpgsqlCommand("select count(*) from notes", connection);
            Assert.Equal(0L, await command.ExecuteScalarAsync());
            await TextsAsync("acme");
        }
    }

    [Theory]
    [InlineData("drop table notes")]
    [InlineData("alter table notes disable row level security")]
    [InlineData("insert into schema_migrations (version, name, checksum) values (9, 'x', 'y')")]
    [InlineData("create table mine (id int)")]
    public async Task The_services_role_owns_nothing(string sql)
    {
        await using var transaction = await _db.BeginAsync(MeshDatabase.Platform, default);
        var error = await Assert.ThrowsAsync<PostgresException>(() => transaction.ExecuteAsync(sql, null, default));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, error.SqlState);
    }

    [Fact]
    public async Task What_is_not_committed_is_undone_and_times_are_utc()
    {
        await using (var transaction = await _db.BeginAsync("acme", default))
        {
            await transaction.ExecuteAsync("insert into notes (tenant, text) values ('acme', 'lost')", null, default);
        }
        Assert.Empty(await TextsAsync("acme"));
        await AddAsync("acme", "kept");
        await using var read = await _db.BeginAsync("acme", default);
        var note = (await read.QueryOneAsync<Note>("select text, create_time from notes", null, default))!;
        Assert.Equal(TimeSpan.Zero, note.CreateTime.Offset);
        Assert.Single(await read.QueryAsync<Note>("select text, create_time from notes where create_time = @CreateTime", note, default));
        Assert.Null(await read.QueryOneAsync<Note>("select text, create_time from notes where false", null, default));
    }

    [Fact]
    public async Task A_second_row_of_a_name_already_exists()
    {
        await AddAsync("acme", "a");
        var error = await Assert.ThrowsAsync<PostgresException>(() => AddAsync("acme", "a"));
        Assert.Equal("ALREADY_EXISTS", ErrorTable.Translate(error, "").Reason);
    }

    [Fact]
    public async Task A_listener_hears_and_tells_when_it_may_have_missed_something()
    {
        var listener = new PostgresListener(_source, TimeProvider.System, NullLogger<PostgresListener>.Instance);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var heard = listener.ListenAsync(["changes"], stop.Token).GetAsyncEnumerator();
        Assert.True(await heard.MoveNextAsync());
        Assert.True(heard.Current.Missed);

        await NotifyAsync("one");
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal(new Notification("changes", "one", false), heard.Current);

        await using (var admin = new NpgsqlConnection(_database))
        {
            await admin.OpenAsync();
            await using var kill = new NpgsqlCommand(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen%'", admin);
            await kill.ExecuteNonQueryAsync();
        }
        Assert.True(await heard.MoveNextAsync());
        Assert.True(heard.Current.Missed);
        await NotifyAsync("two");
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal("two", heard.Current.Payload);
    }

    [Fact]
    public async Task A_server_is_ready_after_its_migrations()
    {
        var database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        await using var server = await TestServer.StartAsync("notes", settings: $"--MESH_POSTGRES={database}");
        await using var transaction = await server.Services.GetRequiredService<MeshDatabase>().BeginAsync("acme", default);
        Assert.Equal(0, await transaction.QueryOneAsync<long>("select count(*) from notes", null, default));
        using var http = server.Http();
        await Wait.UntilAsync("the server is ready", async () => (await http.GetAsync("/healthz/ready")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_server_without_its_database_starts_and_waits()
    {
        var away = new NpgsqlConnectionStringBuilder(_database) { Port = 9, Timeout = 1 }.ConnectionString;
        await using var server = await TestServer.StartAsync("notes", settings: $"--MESH_POSTGRES={away}");
        using var http = server.Http();
        using var ready = await http.GetAsync("/healthz/ready");
        Assert.Equal((503, "migrations: not yet\n"), ((int)ready.StatusCode, await ready.Content.ReadAsStringAsync()));
        Assert.True((await http.GetAsync("/healthz/live")).IsSuccessStatusCode);
    }

    private sealed record Note(string Text, DateTimeOffset CreateTime);

    private Task MigrateAsync(IReadOnlyList<Migration>? migrations = null, string? database = null) =>
        new Migrator(database ?? _database, "notes", migrations ?? s_migrations, NullLogger.Instance).RunAsync(default);

    private async Task AddAsync(string tenant, string text)
    {
        await using var transaction = await _db.BeginAsync(tenant, default);
        await transaction.ExecuteAsync("insert into notes (tenant, text) values (@tenant, @text)", new { tenant, text }, default);
        await transaction.CommitAsync(default);
    }

    private async Task<IReadOnlyList<string>> TextsAsync(string tenant)
    {
        await using var transaction = await _db.BeginAsync(tenant, default);
        return await transaction.QueryAsync<string>("select text from notes order by text", null, default);
    }

    private async Task NotifyAsync(string payload)
    {
        await using var connection = new NpgsqlConnection(_database);
        await connection.OpenAsync();
        await using var notify = new NpgsqlCommand("select pg_notify('changes', $1)", connection) { Parameters = { new() { Value = payload } } };
        await notify.ExecuteNonQueryAsync();
    }
}
