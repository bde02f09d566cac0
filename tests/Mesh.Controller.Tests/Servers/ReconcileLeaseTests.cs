using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Controller.Reconciling;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Controller.Tests.Servers;

[Trait("Needs", "servers")]
public sealed class ReconcileLeaseTests(ControllerFixture mesh) : IClassFixture<ControllerFixture>
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_lease_lasts_as_long_as_the_work_and_who_has_lost_it_is_told()
    {
        // Far in the future, where the controller that runs has no lease that it could take.
        _time.Advance(TimeSpan.FromDays(40_000));
        var app = AppName.Parse(await mesh.MakeAppAsync());
        await using (var source = NpgsqlDataSource.Create(mesh.Database))
        await using (var command = source.CreateCommand("update controller.deployments set lease_until = '2100-01-01' where app = $1"))
        {
            command.Parameters.Add(new() { Value = app.App });
            await command.ExecuteNonQueryAsync();
        }
        await using var application = PostgresSetup.ApplicationSource(mesh.Database, "controller");
        var store = new ReconcileStore(new MeshDatabase(application, SchemaReadiness.Open()), _time);
        var first = await LeaseAsync();
        var lease = new ReconcileLease(store, first!.Deployment, _time);

        for (var seconds = 0; seconds < 60; seconds += 10)
        {
            Assert.True(await lease.KeepAsync(default));
            Assert.Null(await LeaseAsync());
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.NotNull(await LeaseAsync());
        Assert.False(await lease.KeepAsync(default));

        async Task<Snapshot?> LeaseAsync() => (await store.LeaseAsync(100, default)).SingleOrDefault(snapshot => snapshot.App.Name == app);
    }
}
