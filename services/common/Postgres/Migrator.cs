using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mesh.Common.Postgres;

/// <summary>
/// Brings one service's schema up to date: makes schema and role, then runs each missing migration in a transaction of its own.
/// An advisory lock lets one program do it while the others wait.
/// </summary>
internal sealed partial class Migrator(string connectionString, string service, IReadOnlyList<Migration> migrations, ILogger logger)
{
    /// <summary>The role that the service's own connections take. It owns nothing and cannot log in.</summary>
    public string Role => RoleOf(service);

    public static string RoleOf(string service) => "mesh_" + service;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = $"{service}-migrator" };
        await using var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, "select pg_advisory_lock(hashtextextended($1, 0))", cancellationToken, "mesh.migrations." + service);
        await PrepareAsync(connection, cancellationToken);
        var applied = await AppliedAsync(connection, cancellationToken);
        Verify(applied);
        foreach (var migration in migrations.Where(m => !applied.ContainsKey(m.Version)))
        {
            await ApplyAsync(connection, migration, cancellationToken);
            LogApplied(migration.Version, migration.Name);
        }
        await GrantAsync(connection, cancellationToken);
        // The session ends here and the lock with it.
    }

    private async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Roles belong to the whole server: another database's migrator may make the same one at this moment.
        var role = $"""
            do $$
            begin
              if not exists (select from pg_roles where rolname = '{Role}') then
                create role {Role} nologin noinherit;
              end if;
            exception when duplicate_object or unique_violation then null;
            end $$;
            do $$
            begin
              if not (select rolsuper from pg_roles where rolname = current_user) then
                grant {Role} to current_user;
              end if;
            end $$;
            """;
        var schema = $"""
            create schema if not exists {service};
            create table if not exists {service}.schema_migrations (
              version integer primary key,
              name text not null,
              checksum text not null,
              applied_at timestamptz not null default now()
            );
            """;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ExecuteAsync(connection, role, cancellationToken);
                break;
            }
            catch (PostgresException e) when (attempt < 5 && e.SqlState is "XX000" or PostgresErrorCodes.UniqueViolation)
            {
                // "tuple concurrently updated": the other migrator granted the role first.
                await Task.Delay(TimeSpan.FromMilliseconds(20 * attempt), cancellationToken);
            }
        }
        await ExecuteAsync(connection, schema, cancellationToken);
    }

    private async Task<Dictionary<int, string>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<(int Version, string Checksum)>(
            new CommandDefinition($"select version, checksum from {service}.schema_migrations", cancellationToken: cancellationToken));
        return rows.ToDictionary(r => r.Version, r => r.Checksum);
    }

    private void Verify(Dictionary<int, string> applied)
    {
        foreach (var migration in migrations)
        {
            if (applied.TryGetValue(migration.Version, out var checksum) && checksum != migration.Checksum)
                throw new InvalidOperationException(
                    $"Migration {migration.Version:0000}_{migration.Name} of {service} was edited after it ran. Add a new one instead.");
        }
    }

    private async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"set local search_path = {service}; set local app.tenant = '*'", cancellationToken);
        await ExecuteAsync(connection, migration.Sql, cancellationToken);
        var record = $"insert into {service}.schema_migrations (version, name, checksum) values ($1, $2, $3)";
        await ExecuteAsync(connection, record, cancellationToken, migration.Version, migration.Name, migration.Checksum);
        await transaction.CommitAsync(cancellationToken);
    }

    private Task GrantAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var grants = $"""
            begin;
            grant usage on schema {service} to {Role};
            grant select, insert, update, delete on all tables in schema {service} to {Role};
            grant usage, select on all sequences in schema {service} to {Role};
            revoke insert, update, delete on {service}.schema_migrations from {Role};
            commit;
            """;
        return ExecuteAsync(connection, grants, cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        // A migration may take long; the caller's token bounds it.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "Applied migration {Version} {Name}")]
    private partial void LogApplied(int version, string name);
}
