using Mesh.Testing;
using Npgsql;

namespace Mesh.Common.Tests.Fixtures;

[Trait("Needs", "servers")]
public sealed class PostgresServerTests
{
    [Fact]
    public async Task Each_database_is_a_copy_of_the_template_that_is_migrated_once()
    {
        var server = await PostgresServer.GetAsync();
        var migrations = 0;
        async Task Migrate(string connectionString)
        {
            Interlocked.Increment(ref migrations);
            await ScalarAsync(connectionString, "create table t as select 7 as a");
        }

        var first = await server.CreateDatabaseAsync("fixture", Migrate);
        var second = await server.CreateDatabaseAsync("fixture", Migrate);
        await ScalarAsync(first, "update t set a = 8");

        Assert.Equal(1, migrations);
        Assert.Equal(8, await ScalarAsync(first, "select a from t"));
        Assert.Equal(7, await ScalarAsync(second, "select a from t"));
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
