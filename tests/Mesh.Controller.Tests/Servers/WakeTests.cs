using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Controller.Reconciling;

namespace Mesh.Controller.Tests.Servers;

/// <summary>The reconciler's queue on the real tables, while no controller runs that would take from it.</summary>
[Trait("Needs", "servers")]
public sealed class WakeTests(ControllerFixture controller) : IClassFixture<ControllerFixture>
{
    [Fact]
    public async Task A_change_that_comes_while_a_deployment_is_reconciled_is_looked_at_at_once()
    {
        var app = AppName.Parse(await controller.MakeAppAsync());
        await controller.ReleaseAsync(app.ToString());
        await controller.Process.KillAsync();
        DapperTypes.Register();
        ControllerSetup.RegisterJsonColumns();
        await using var source = PostgresSetup.ApplicationSource(controller.Database, "controller");
        var store = new ReconcileStore(new MeshDatabase(source, SchemaReadiness.Open()), TimeProvider.System);
        await store.DueAsync(app.Tenant, app.App, "production", default);

        var snapshot = await LeaseAsync(store, app);
        var recorded = TimeProvider.System.GetTimestamp();
        await store.RecordAsync(snapshot.Deployment, snapshot.Deployment, default);
        var early = await TryLeaseAsync(store, app);
        // On a very slow machine it may be due again by time.
        Assert.True(early is null || TimeProvider.System.GetElapsedTime(recorded) >= DeploymentOutcome.NextCheck(snapshot.Deployment.State));

        await store.DueAsync(app.Tenant, app.App, "production", default);
        snapshot = await LeaseAsync(store, app);
        await store.DueAsync(app.Tenant, app.App, "production", default);
        await store.RecordAsync(snapshot.Deployment, snapshot.Deployment, default);
        Assert.NotNull(await TryLeaseAsync(store, app));
    }

    // The controller that was killed may have had a lease, which ends by time.
    private static async Task<Snapshot> LeaseAsync(ReconcileStore store, AppName app)
    {
        Snapshot? snapshot = null;
        await Mesh.Testing.Wait.UntilAsync("it is leased", async () => (snapshot = await TryLeaseAsync(store, app)) is not null);
        return snapshot!;
    }

    private static async Task<Snapshot?> TryLeaseAsync(ReconcileStore store, AppName app) =>
        (await store.LeaseAsync(100, default)).FirstOrDefault(s => s.App.Name == app && s.Deployment.Id == "production");
}
