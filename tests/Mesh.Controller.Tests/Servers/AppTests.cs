using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Testing;

namespace Mesh.Controller.Tests.Servers;

[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class AppTests(ControllerFixture controller)
{
    [Fact]
    public async Task An_app_is_made_once_for_one_request_id()
    {
        var apps = controller.As("acme", Role.Developer).Apps;
        var request = new V1.CreateAppRequest { Parent = "tenants/acme", AppId = "once", RequestId = Guid.NewGuid().ToString() };
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => (await apps.CreateAppAsync(request)).App));
        Assert.Single(made.Select(a => a.Uid).Distinct());
        Assert.Equal(made[0], (await apps.GetAppAsync(new() { Name = "tenants/acme/apps/once" })).App);
        request.RequestId = Guid.NewGuid().ToString();
        await Refused.WithAsync(StatusCode.AlreadyExists, "APP_EXISTS", apps.CreateAppAsync(request));
        request.RequestId = "no uuid";
        await Refused.ForAsync(apps.CreateAppAsync(request), "request_id");
    }

    [Fact]
    public async Task What_is_only_validated_is_not_made()
    {
        var apps = controller.Service.Apps;
        await apps.CreateAppAsync(new() { Parent = "tenants/acme", AppId = "dry", ValidateOnly = true });
        await Refused.WithAsync(StatusCode.NotFound, "APP_NOT_FOUND", apps.GetAppAsync(new() { Name = "tenants/acme/apps/dry" }));
    }

    [Fact]
    public async Task All_wrong_settings_are_named_at_once()
    {
        var wrong = new V1.ProcessSettings { MemoryBytes = -1, CpuMillis = -1, HealthPath = "healthz", DefaultCount = -1 };
        await Refused.ForAsync(
            controller.Service.Apps.CreateAppAsync(new() { Parent = "tenants/acme", AppId = "wrong", App = new() { Processes = { ["web"] = wrong } } }),
            "app.processes[web].cpu_millis", "app.processes[web].default_count", "app.processes[web].health_path", "app.processes[web].memory_bytes");
        await Refused.ForAsync(controller.Service.Apps.CreateAppAsync(new() { Parent = "tenants/acme", AppId = "-wrong" }), "app_id");
        await Refused.ForAsync(
            controller.Service.Apps.CreateAppAsync(new() { Parent = "tenants/acme", AppId = "wrong", App = new() { DisplayName = new string('x', 101) } }),
            "app.display_name");
    }

    [Fact]
    public async Task An_update_changes_what_its_mask_names_and_a_stale_one_nothing()
    {
        var apps = controller.Service.Apps;
        var name = await controller.MakeAppAsync();
        var before = (await apps.GetAppAsync(new() { Name = name })).App;
        var given = new V1.App { Name = name, DisplayName = "Shop", Labels = { ["a"] = "b" }, Maintenance = true, Etag = before.Etag };
        var after = (await apps.UpdateAppAsync(new() { App = given, UpdateMask = new() { Paths = { "display_name" } } })).App;
        Assert.Equal(("Shop", 0, false), (after.DisplayName, after.Labels.Count, after.Maintenance));
        Assert.Equal(after, (await apps.GetAppAsync(new() { Name = name })).App);
        await Refused.WithAsync(StatusCode.Aborted, "ETAG_MISMATCH", apps.UpdateAppAsync(new() { App = given }));
        await Refused.ForAsync(apps.UpdateAppAsync(new() { App = given, UpdateMask = new() { Paths = { "uid" } } }), "update_mask");
        await Refused.WithAsync(StatusCode.NotFound, "APP_NOT_FOUND", apps.UpdateAppAsync(new() { App = new() { Name = name + "x" } }));
    }

    [Fact]
    public async Task Of_two_updates_of_one_version_one_wins()
    {
        var apps = controller.Service.Apps;
        var before = (await apps.GetAppAsync(new() { Name = await controller.MakeAppAsync() })).App;
        var codes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            Refused.CodeAsync(apps.UpdateAppAsync(new() { App = new() { Name = before.Name, DisplayName = $"{i}", Etag = before.Etag } }))));
        Assert.Single(codes, StatusCode.OK);
        Assert.Equal(7, codes.Count(c => c == StatusCode.Aborted));
    }

    [Fact]
    public async Task Pages_stay_in_place_while_apps_are_made()
    {
        await controller.MakeTenantAsync("paging");
        foreach (var id in new[] { "b", "d", "f", "h", "j" }) await controller.Service.Apps.CreateAppAsync(new() { Parent = "tenants/paging", AppId = id });
        var apps = controller.As("paging", Role.Viewer).Apps;
        var (seen, token) = (new List<string>(), "");
        do
        {
            var page = await apps.ListAppsAsync(new() { Parent = "tenants/paging", PageSize = 2, PageToken = token });
            seen.AddRange(page.Apps.Select(a => a.Name.Split('/')[^1]));
            token = page.NextPageToken;
            if (seen.Count == 2)
            {
                // One on a page that was read, one on a page to come.
                foreach (var id in new[] { "a", "g" }) await controller.Service.Apps.CreateAppAsync(new() { Parent = "tenants/paging", AppId = id });
                await Refused.ForAsync(controller.Service.Apps.ListAppsAsync(new() { Parent = "tenants/acme", PageToken = token }), "page_token");
            }
        }
        while (token.Length > 0);
        Assert.Equal(["b", "d", "f", "g", "h", "j"], seen);
        await Refused.ForAsync(apps.ListAppsAsync(new() { Parent = "tenants/paging", PageSize = -1 }), "page_size");
        await Refused.ForAsync(apps.ListAppsAsync(new() { Parent = "tenants/paging", PageToken = "nonsense" }), "page_token");
    }

    [Fact]
    public async Task A_deleted_app_takes_no_releases_and_goes()
    {
        var name = await controller.MakeAppAsync();
        await controller.As("acme", Role.Admin).Apps.DeleteAppAsync(new() { Name = name });
        await Wait.UntilAsync("the app has gone", async () =>
            await Refused.CodeAsync(controller.Service.Apps.GetAppAsync(new() { Name = name })) == StatusCode.NotFound);
        await Refused.WithAsync(StatusCode.NotFound, "APP_NOT_FOUND", controller.Service.Releases.ListReleasesAsync(new() { Parent = name }));
    }
}
