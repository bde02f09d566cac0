using Npgsql;

namespace Mesh.Common.Postgres;

/// <summary>
/// The service's own schema, as the role that owns nothing. Every transaction belongs to one tenant, or to the platform; row-level
/// security holds it there.
/// </summary>
public sealed class MeshDatabase(NpgsqlDataSource source, SchemaReadiness schema)
{
    /// <summary>The tenant value of the platform itself: reconcilers, operators and queues that serve all tenants.</summary>
    public const string Platform = "*";

    /// <summary>The pool, for what needs no tenant: health checks and sessions of long life.</summary>
    public NpgsqlDataSource Source => source;

    /// <summary>Waits until the schema is up to date, then begins a transaction for a tenant in one round trip.</summary>
    public async Task<MeshTransaction> BeginAsync(string tenant, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(tenant);
        await schema.WaitAsync(cancellationToken);
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            // Npgsql sends `begin` together with the first command.
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            const string setTenant = "select set_config('app.tenant', $1, true)";
            await using var command = new NpgsqlCommand(setTenant, connection, transaction) { Parameters = { new() { Value = tenant } } };
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new MeshTransaction(connection, transaction, tenant);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
