using Grpc.Core;
using Mesh.Auth.V1;

namespace Mesh.Controller.Tests.Servers;

[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class DeploymentTests(ControllerFixture controller)
{
    [Fact]
    public async Task A_deployment_is_made_changed_archived_restored_and_deleted()
    {
        var caller = controller.As("acme", Role.Developer).Deployments;
        var app = await controller.MakeAppAsync();
        var release = await controller.ReleaseAsync(app, "web", "worker");
        var request = new V1.CreateDeploymentRequest { Parent = app, DeploymentId = "staging", RequestId = Guid.NewGuid().ToString() };
        var made = (await caller.CreateDeploymentAsync(request)).Deployment;
        Assert.Equal(made.Uid, (await caller.CreateDeploymentAsync(request)).Deployment.Uid);
        request.RequestId = "";
        await Refused.WithAsync(StatusCode.AlreadyExists, "DEPLOYMENT_EXISTS", caller.CreateDeploymentAsync(request));
        var deployed = (await caller.DeployReleaseAsync(new() { Name = made.Name, Release = release.Name, Etag = made.Etag })).Deployment;
        await Refused.WithAsync(
            StatusCode.Aborted, "ETAG_MISMATCH", caller.DeployReleaseAsync(new() { Name = made.Name, Release = release.Name, Etag = made.Etag }));
        var scaled = (await caller.ScaleDeploymentAsync(new() { Name = made.Name, Scale = { ["worker"] = 2 }, Etag = deployed.Etag })).Deployment;
        Assert.Equal((release.Name, 2), (scaled.Release, scaled.Scale["worker"]));
        await Refused.ForAsync(caller.ScaleDeploymentAsync(new() { Name = made.Name, Scale = { ["clock"] = 1 } }), "scale[clock]");
        await Refused.ForAsync(caller.ScaleDeploymentAsync(new() { Name = made.Name, Scale = { ["web"] = -1 } }), "scale[web]");
        await Refused.ForAsync(caller.ScaleDeploymentAsync(new() { Name = made.Name }), "scale");
        await caller.RestartDeploymentAsync(new() { Name = made.Name });
        await Refused.WithAsync(StatusCode.FailedPrecondition, "DEPLOYMENT_NOT_ARCHIVED", caller.RestoreDeploymentAsync(new() { Name = made.Name }));
        await caller.ArchiveDeploymentAsync(new() { Name = made.Name });
        await Refused.WithAsync(StatusCode.FailedPrecondition, "DEPLOYMENT_ARCHIVED", caller.RestartDeploymentAsync(new() { Name = made.Name }));
        await caller.RestoreDeploymentAsync(new() { Name = made.Name });
        var kinds = (await caller.ListActionsAsync(new() { Parent = made.Name })).Actions;
        Assert.Equal(
            [V1.Action.Types.Kind.Restore, V1.Action.Types.Kind.Archive, V1.Action.Types.Kind.Restart, V1.Action.Types.Kind.Update,
                V1.Action.Types.Kind.Update, V1.Action.Types.Kind.Create],
            kinds.Select(a => a.Kind));
        Assert.All(kinds, a => Assert.Equal("tenants/acme/members/developer", a.Creator));
        Assert.Equal(kinds[0].Name, (await caller.GetActionAsync(new() { Name = kinds[0].Name })).Action.Name);
        await controller.As("acme", Role.Admin).Deployments.DeleteDeploymentAsync(new() { Name = made.Name });
        Assert.NotEqual(StatusCode.OK, await Refused.CodeAsync(caller.RestartDeploymentAsync(new() { Name = made.Name })));
        await Refused.WithAsync(
            StatusCode.FailedPrecondition, "PRODUCTION_DEPLOYMENT", controller.Service.Deployments.DeleteDeploymentAsync(new() { Name = app + "/deployments/production" }));
    }

    [Fact]
    public async Task Overrides_are_checked_and_change_when_the_mask_names_them()
    {
        var caller = controller.As("acme", Role.Developer).Deployments;
        var name = await controller.MakeAppAsync() + "/deployments/production";
        var set = (await caller.UpdateDeploymentAsync(new() { Deployment = new() { Name = name, Overrides = { ["MODE"] = "slow" } } })).Deployment;
        Assert.Equal("slow", set.Overrides["MODE"]);
        Assert.Single((await caller.UpdateDeploymentAsync(new() { Deployment = new() { Name = name } })).Deployment.Overrides);
        var wrong = new V1.Deployment { Name = name, Overrides = { ["PORT"] = "1", ["MESH_APP"] = "x", ["A=B"] = "", ["N"] = "\0" } };
        await Refused.ForAsync(
            caller.UpdateDeploymentAsync(new() { Deployment = wrong }),
            "deployment.overrides[A=B]", "deployment.overrides[MESH_APP]", "deployment.overrides[N]", "deployment.overrides[PORT]");
        var empty = new V1.UpdateDeploymentRequest { Deployment = new() { Name = name }, UpdateMask = new() { Paths = { "overrides" } } };
        Assert.Empty((await caller.UpdateDeploymentAsync(empty)).Deployment.Overrides);
    }

    [Fact]
    public async Task A_watch_begins_with_what_is_and_tells_each_change()
    {
        var app = await controller.MakeAppAsync();
        using var ending = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var watch = controller.As("acme", Role.Viewer).Deployments.WatchDeployment(new() { Name = app + "/deployments/production" }, cancellationToken: ending.Token);
        Assert.True(await watch.ResponseStream.MoveNext(ending.Token));
        Assert.Equal("", watch.ResponseStream.Current.Deployment.Release);
        await controller.ReleaseAsync(app);
        while (watch.ResponseStream.Current.Deployment.Release != app + "/releases/1") Assert.True(await watch.ResponseStream.MoveNext(ending.Token));
        using var foreign = controller.As("globex", Role.Owner).Deployments.WatchDeployment(new() { Name = app + "/deployments/production" });
        var error = await Assert.ThrowsAsync<RpcException>(() => foreign.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task Routes_follow_releases_maintenance_and_archives()
    {
        var app = await controller.MakeAppAsync();
        var key = app + "/deployments/production";
        using var ending = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var watch = controller.Service.Routes.WatchRoutes(new() { RouterId = "r" }, cancellationToken: ending.Token);
        var routes = new Dictionary<string, V1.Route>();
        async Task UntilAsync(Func<bool> condition)
        {
            while (!condition())
            {
                Assert.True(await watch.ResponseStream.MoveNext(ending.Token));
                var change = watch.ResponseStream.Current;
                if (change.Snapshot) routes.Clear();
                foreach (var removed in change.Removed) routes.Remove(removed);
                foreach (var route in change.Routes) routes[route.Key] = route;
            }
        }

        Assert.True(await watch.ResponseStream.MoveNext(ending.Token));
        Assert.True(watch.ResponseStream.Current.Snapshot);
        await controller.ReleaseAsync(app, "worker");
        await controller.ReleaseAsync(app, "web");
        await UntilAsync(() => routes.ContainsKey(key));
        Assert.Equal(($"{app.Split('/')[^1]}.acme.localhost", false), (routes[key].Host, routes[key].Maintenance));
        await controller.Service.Apps.UpdateAppAsync(new() { App = new() { Name = app, Maintenance = true } });
        await UntilAsync(() => routes[key].Maintenance);
        await controller.Service.Deployments.ArchiveDeploymentAsync(new() { Name = key });
        await UntilAsync(() => !routes.ContainsKey(key));
        using var foreign = controller.As("acme", Role.Owner).Routes.WatchRoutes(new());
        var error = await Assert.ThrowsAsync<RpcException>(() => foreign.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.PermissionDenied, error.StatusCode);
    }
}
