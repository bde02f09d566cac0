using Mesh.Testing;
using Npgsql;

namespace Mesh.Ingestion.Tests.Crash;

/// <summary>
/// Stops a replica at one point of a reading of a target's history, by a trigger in PostgreSQL that waits for a lock, so that
/// it can be killed there and nowhere else.
/// </summary>
internal sealed class HistoryCut : IAsyncDisposable
{
    /// <summary>The plan is about to be noted, and never will be.</summary>
    public const string BeforePlan = "create trigger cut before insert on target_plans for each row execute function cut()";

    /// <summary>The plan will be noted, but the replica is not told, and writes nothing.</summary>
    public const string Planned =
        "create constraint trigger cut after insert on target_plans deferrable initially deferred for each row execute function cut()";

    /// <summary>The samples are durable, and the plan is about to go.</summary>
    public const string Written = "create trigger cut before delete on target_plans for each row execute function cut()";

    private const int Key = 4_711;

    private readonly NpgsqlConnection _connection;

    private HistoryCut(NpgsqlConnection connection) => _connection = connection;

    public static async Task<HistoryCut> ArmAsync(string postgres, string trigger)
    {
        var connection = new NpgsqlConnection(postgres);
        await connection.OpenAsync();
        var cut = new HistoryCut(connection);
        await cut.ExecuteAsync($"""
            set search_path = ingestion;
            select pg_advisory_lock({Key});
            create or replace function cut() returns trigger language plpgsql as $$
            begin
              perform pg_advisory_xact_lock_shared({Key});
              return coalesce(new, old);
            end $$;
            {trigger};
            """);
        return cut;
    }

    /// <summary>Waits until a replica stands at the point.</summary>
    public Task ReachedAsync() => Wait.UntilAsync("a replica stands at the cut", async () => await WaitingAsync() > 0);

    /// <summary>Lets what the dead replica has asked for come to its end, and ends its turn at once.</summary>
    public async Task ReleaseAsync()
    {
        await ExecuteAsync($"select pg_advisory_unlock({Key})");
        await ExecuteAsync("drop trigger cut on target_plans");
        await ExecuteAsync("update targets set lease_end = now() where lease_end is not null");
    }

    public async Task<long> PlansAsync()
    {
        await using var command = new NpgsqlCommand("select count(*) from target_plans", _connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<long> WaitingAsync()
    {
        await using var command = new NpgsqlCommand($"select count(*) from pg_locks where locktype = 'advisory' and objid = {Key} and not granted", _connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync();
    }
}
