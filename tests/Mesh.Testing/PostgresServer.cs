using System.Collections.Concurrent;
using System.Globalization;
using Mesh.Servers;
using Npgsql;

namespace Mesh.Testing;

/// <summary>
/// The PostgreSQL server of this test run, started when a test first asks for it. Each test takes a database of its own, cloned from a
/// template that its service's migrations have been applied to once.
/// </summary>
public sealed class PostgresServer
{
    // Nothing in a test's database needs to survive a power cut.
    private static readonly string[] Settings =
        ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=300", "log_min_messages=fatal"];

    private static readonly Lazy<Task<PostgresServer>> Shared = new(StartAsync);
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> templates = new();
    private readonly ChildProcess process;
    private readonly int port;
    private int databases;

    private PostgresServer(ChildProcess process, int port) => (this.process, this.port) = (process, port);

    public int Id => process.Id;

    /// <summary>The server that all tests of this run share.</summary>
    public static Task<PostgresServer> GetAsync() => Shared.Value;

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string, for a role that may do everything.</returns>
    public Task<string> CreateDatabaseAsync() => CreateFromAsync("template1");

    /// <summary>Makes a database that is a copy of a migrated one.</summary>
    /// <param name="template">What the template is called; the same name always means the same migrations.</param>
    /// <param name="migrate">Migrates the template, given its connection string; called once in a run. No connection may stay open.</param>
    /// <returns>The connection string of the copy, for a role that may do everything.</returns>
    public async Task<string> CreateDatabaseAsync(string template, Func<string, Task> migrate) =>
        await CreateFromAsync(await templates.GetOrAdd(template, _ => new(() => MigrateAsync(migrate))).Value);

    private static async Task<PostgresServer> StartAsync()
    {
        var folder = new TestFolder();
        var postgres = new Postgres(folder.Path);
        await postgres.InitializeAsync(password: null, CancellationToken.None);
        var port = FreePorts.Next();
        var process = ChildProcess.Start(postgres.Command(port, Settings));
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            process.KillAsync().Wait(TimeSpan.FromSeconds(2));
            folder.Dispose();
        };
        var server = new PostgresServer(process, port);
        await Wait.UntilAsync("PostgreSQL accepts connections", server.AcceptsAsync);
        return server;
    }

    private async Task<bool> AcceptsAsync()
    {
        if (process.HasExited)
            throw new InvalidOperationException($"PostgreSQL ended; its output:\n{process.Output}");
        try
        {
            await ExecuteAsync("select 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task<string> MigrateAsync(Func<string, Task> migrate)
    {
        var connectionString = await CreateFromAsync("template1");
        await migrate(connectionString);
        NpgsqlConnection.ClearAllPools(); // A template that somebody is connected to cannot be copied.
        return new NpgsqlConnectionStringBuilder(connectionString).Database!;
    }

    private async Task<string> CreateFromAsync(string template)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref databases)}");
        await ExecuteAsync($"create database {name} template {template}");
        return Postgres.ConnectionString(port, name) + ";Maximum Pool Size=20";
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString(port, "postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
