using Grpc.Core;
using Mesh.Auth.V1;

namespace Mesh.Controller.Tests.Servers;

[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class ReleaseTests(ControllerFixture controller)
{
    [Fact]
    public async Task Concurrent_releases_are_numbered_without_gaps_and_once_for_one_request_id()
    {
        var app = await controller.MakeAppAsync();
        var ids = Enumerable.Range(0, 12).Select(_ => Guid.NewGuid().ToString()).ToArray();
        var made = await Task.WhenAll(ids.Concat(ids).Select(async id => (Id: id, (await controller.Service.Releases.CreateReleaseAsync(new()
        {
            Parent = app, RequestId = id, Release = new() { Image = ControllerFixture.Image("acme"), Processes = { ["web"] = "" }, Description = id },
        })).Release)));
        Assert.All(made, m => Assert.Equal(m.Id, m.Release.Description));
        Assert.Equal(Enumerable.Range(1, 12).Select(i => (long)i), made.Select(m => m.Release.Version).Distinct().Order());
        var listed = await controller.Service.Releases.ListReleasesAsync(new() { Parent = app });
        Assert.Equal(Enumerable.Range(1, 12).Reverse().Select(i => (long)i), listed.Releases.Select(r => r.Version));
        var production = await controller.Service.Deployments.GetDeploymentAsync(new() { Name = app + "/deployments/production" });
        Assert.Equal(app + "/releases/12", production.Deployment.Release);
    }

    [Fact]
    public async Task A_rollback_is_a_new_release_of_the_old_image()
    {
        var releases = controller.As("acme", Role.Developer).Releases;
        var app = await controller.MakeAppAsync();
        await Refused.WithAsync(StatusCode.FailedPrecondition, "NO_EARLIER_RELEASE", releases.RollbackReleaseAsync(new() { Parent = app }));
        await controller.ReleaseAsync(app, "web");
        await Refused.WithAsync(StatusCode.FailedPrecondition, "NO_EARLIER_RELEASE", releases.RollbackReleaseAsync(new() { Parent = app }));
        await controller.ReleaseAsync(app, "web", "worker");
        var request = new V1.RollbackReleaseRequest { Parent = app, RequestId = Guid.NewGuid().ToString() };
        var back = (await releases.RollbackReleaseAsync(request)).Release;
        Assert.Equal((3, 1), (back.Version, back.Processes.Count));
        Assert.Equal(back, (await releases.RollbackReleaseAsync(request)).Release);
        await Refused.WithAsync(
            StatusCode.FailedPrecondition, "ALREADY_CURRENT", releases.RollbackReleaseAsync(new() { Parent = app, Target = app + "/releases/3" }));
        await Refused.WithAsync(
            StatusCode.NotFound, "RELEASE_NOT_FOUND", releases.RollbackReleaseAsync(new() { Parent = app, Target = app + "/releases/9" }));
        await Refused.ForAsync(releases.RollbackReleaseAsync(new() { Parent = app, Target = "tenants/globex/apps/shop/releases/1" }), "target");
        await Refused.WithAsync(StatusCode.NotFound, "RELEASE_NOT_FOUND", releases.GetReleaseAsync(new() { Name = app + "/releases/9" }));
    }

    [Fact]
    public async Task A_release_is_checked()
    {
        var app = await controller.MakeAppAsync();
        var releases = controller.Service.Releases;
        await Refused.ForAsync(
            releases.CreateReleaseAsync(new() { Parent = app, Release = new() { Image = "acme/shop:latest" } }), "release.image", "release.processes");
        await Refused.ForAsync(releases.CreateReleaseAsync(
            new() { Parent = app, Release = new() { Image = ControllerFixture.Image("globex"), Processes = { ["web"] = "" } } }), "release.image");
        await Refused.ForAsync(releases.CreateReleaseAsync(
            new() { Parent = app, Release = new() { Image = ControllerFixture.Image("acme") + "\n", Processes = { ["web"] = "" } } }), "release.image");
        await Refused.ForAsync(releases.CreateReleaseAsync(
            new() { Parent = app, Release = new() { Image = ControllerFixture.Image("acme"), Processes = { ["web\n"] = "" } } }), "release.processes");
        Assert.Empty((await releases.ListReleasesAsync(new() { Parent = app })).Releases);
    }

    [Fact]
    public async Task Nobody_but_a_program_acts_on_behalf_of_another()
    {
        var app = await controller.MakeAppAsync();
        var request = new V1.CreateReleaseRequest
        {
            Parent = app, OnBehalfOf = "tenants/acme/members/owner", Release = new() { Image = ControllerFixture.Image("acme"), Processes = { ["web"] = "" } },
        };
        var own = (await controller.As("acme", Role.Developer).Releases.CreateReleaseAsync(request)).Release;
        Assert.Equal("tenants/acme/members/developer", own.Creator);
        Assert.Equal("tenants/acme/members/owner", (await controller.Service.Releases.CreateReleaseAsync(request)).Release.Creator);
    }

    [Fact]
    public async Task A_changed_config_makes_the_next_release()
    {
        var app = await controller.MakeAppAsync();
        var configs = controller.As("acme", Role.Developer).Configs;
        var first = await configs.SetConfigAsync(new() { Name = app + "/config", Set = { ["A"] = new() { Value = "1" } } });
        Assert.Null(first.Release);
        await controller.ReleaseAsync(app);
        var request = new V1.SetConfigRequest
        {
            Name = app + "/config", Set = { ["B"] = new() { Value = "2" } }, Unset = { "A" }, Etag = first.Config.Etag, RequestId = Guid.NewGuid().ToString(),
        };
        var second = await configs.SetConfigAsync(request);
        Assert.Equal((2, 2, "Set B; Unset A"), (second.Release.Version, second.Config.Version, second.Release.Description));
        Assert.Equal(second.Config, (await configs.SetConfigAsync(request)).Config);
        Assert.Null((await configs.SetConfigAsync(new() { Name = app + "/config", Set = { ["B"] = new() { Value = "2" } } })).Release);
        request.RequestId = "";
        await Refused.WithAsync(StatusCode.Aborted, "ETAG_MISMATCH", configs.SetConfigAsync(request));
        await Refused.ForAsync(configs.SetConfigAsync(new()
        {
            Name = app + "/config", Set = { ["MESH_X"] = new(), ["PORT"] = new(), ["1A"] = new(), ["A\n"] = new(), ["N"] = new() { Value = "a\0b" } },
        }), "set[1A]", "set[A\n]", "set[MESH_X]", "set[N]", "set[PORT]");
        await Refused.ForAsync(configs.GetConfigAsync(new() { Name = app }), "name");
    }
}
