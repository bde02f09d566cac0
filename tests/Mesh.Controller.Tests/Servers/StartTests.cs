using System.Net;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Controller.Tests.Servers;

[Trait("Needs", "servers")]
public sealed class StartTests(ControllerFixture mesh) : IClassFixture<ControllerFixture>
{
    [Fact]
    public async Task A_controller_is_ready_only_when_the_operator_s_token_is_known()
    {
        var secret = "mesh_" + new string('o', 43);
        await using var connection = new NpgsqlConnection(mesh.Database);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("lock table controller.tokens in access exclusive mode", connection))
            await hold.ExecuteNonQueryAsync();

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Mesh.Servers.FreePorts.Next()}") };
        var starting = mesh.StartAsync(settings: new() { ["MESH_BOOTSTRAP_TOKEN"] = secret, ["MESH_PORT"] = $"{http.BaseAddress.Port}" });
        var (status, problems) = (HttpStatusCode.NotFound, "");
        await Wait.UntilAsync("its schema is up to date", async () =>
        {
            try
            {
                using var response = await http.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
                (status, problems) = (response.StatusCode, await response.Content.ReadAsStringAsync());
                return !problems.Contains("migrations", StringComparison.Ordinal);
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "operator token: not yet\n"), (status, problems));

        await transaction.RollbackAsync();
        await using var controller = await starting;
        await mesh.As(secret, controller).Tenants.CreateTenantAsync(new() { TenantId = "first" });
    }
}
