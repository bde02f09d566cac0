using Mesh.Testing;
using Npgsql;

namespace Mesh.Controller.Tests.Servers;

[Trait("Needs", "servers")]
public sealed class OrphanTests(ControllerFixture mesh) : IClassFixture<ControllerFixture>
{
    [Fact]
    public async Task A_workload_goes_with_its_app_even_if_nobody_heard_that_the_scheduler_took_it()
    {
        await using var scheduler = await FakeScheduler.StartAsync(mesh);
        scheduler.Falters = true;
        var app = await mesh.MakeAppAsync();
        await mesh.ReleaseAsync(app);
        await Wait.UntilAsync("the scheduler has it", () => !scheduler.Workloads.IsEmpty);

        await mesh.Service.Apps.DeleteAppAsync(new() { Name = app });
        await Wait.UntilAsync("it is to be stopped", async () => scheduler.Stops > 0 || await CountAsync(app) == 0);
        scheduler.Falters = false;
        await Wait.UntilAsync("the app's last deployment is forgotten", async () => await CountAsync(app) == 0);
        Assert.Empty(scheduler.Workloads);
    }

    private async Task<long> CountAsync(string app)
    {
        await using var connection = new NpgsqlConnection(mesh.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select count(*) from controller.deployments where app = $1", connection)
        {
            Parameters = { new() { Value = app.Split('/')[^1] } },
        };
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
