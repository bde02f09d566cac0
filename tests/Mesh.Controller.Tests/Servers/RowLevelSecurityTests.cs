using Npgsql;

namespace Mesh.Controller.Tests.Servers;

/// <summary>The second wall between tenants: even a query that forgets its tenant finds nothing of another one.</summary>
[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class RowLevelSecurityTests(ControllerFixture controller)
{
    [Theory]
    [InlineData("globex")]
    [InlineData("nobody")]
    [InlineData("")]
    [InlineData("acme' or '1'='1")]
    public async Task A_connection_sees_the_rows_of_its_tenant_alone(string tenant)
    {
        await FillAsync();
        await using var connection = await OpenAsync(tenant);
        var tables = await Tables.WithTenantAsync(connection);
        Assert.Superset(new HashSet<string> { "tenants", "members", "tokens", "apps", "configs", "releases", "deployments", "actions", "audit_entries" }, tables.ToHashSet());
        foreach (var table in tables)
        {
            var seen = await Tables.ColumnAsync(connection, $"select distinct coalesce(tenant, 'none') from {table}");
            Assert.All(seen, t => Assert.True(t == tenant, $"{table} shows rows of {t}"));
            if (tenant == "globex" && table != "requests") Assert.True(seen.Length == 1, $"{table} has no rows of {tenant}");
        }
    }

    [Fact]
    public async Task A_connection_writes_no_row_of_another_tenant()
    {
        await FillAsync();
        await using var connection = await OpenAsync("globex");
        foreach (var table in await Tables.WithTenantAsync(connection))
        {
            Assert.Equal(0, await Tables.ExecuteAsync(connection, $"delete from {table} where tenant = 'acme'"));
            var error = await Assert.ThrowsAsync<PostgresException>(() => Tables.ExecuteAsync(connection, $"update {table} set tenant = 'acme'"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, error.SqlState);
        }
    }

    [Fact]
    public async Task The_services_role_owns_nothing_and_every_table_is_walled()
    {
        await using var connection = new NpgsqlConnection(controller.Database);
        await connection.OpenAsync();
        const string owned = "select relname::text from pg_class where relowner = 'mesh_controller'::regrole";
        Assert.Empty(await Tables.ColumnAsync(connection, owned));
        const string open = """
            select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant'
            where n.nspname = 'controller' and c.relkind = 'r' and not (c.relrowsecurity and c.relforcerowsecurity)
            """;
        Assert.Empty(await Tables.ColumnAsync(connection, open));
    }

    private async Task FillAsync()
    {
        foreach (var tenant in new[] { "acme", "globex" })
        {
            var app = await controller.MakeAppAsync(tenant);
            await controller.ReleaseAsync(app);
            var set = new V1.SetConfigRequest { Name = app + "/config", Set = { ["A"] = new() { Value = "1" } }, RequestId = Guid.NewGuid().ToString() };
            await controller.Service.Configs.SetConfigAsync(set);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(string tenant)
    {
        var settings = new NpgsqlConnectionStringBuilder(controller.Database) { Options = "-c role=mesh_controller -c search_path=controller", Pooling = false };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select set_config('app.tenant', $1, false)", connection) { Parameters = { new() { Value = tenant } } };
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
