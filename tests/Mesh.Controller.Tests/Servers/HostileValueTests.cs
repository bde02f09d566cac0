using Google.Protobuf.WellKnownTypes;

namespace Mesh.Controller.Tests.Servers;

/// <summary>Values that the wire can carry and neither .NET nor the database can hold are the caller's mistake, not ours.</summary>
[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class HostileValueTests(ControllerFixture controller)
{
    [Fact]
    public async Task Text_with_a_nul_is_refused_by_its_field()
    {
        var app = await controller.MakeAppAsync();
        var apps = controller.Service.Apps;
        await Refused.ForAsync(apps.UpdateAppAsync(new() { App = new() { Name = app, DisplayName = "a\0b" } }), "app.display_name");
        await Refused.ForAsync(apps.UpdateAppAsync(new() { App = new() { Name = app, Labels = { ["a"] = "\0" } } }), "app.labels");
        await Refused.ForAsync(
            apps.UpdateAppAsync(new() { App = new() { Name = app, Processes = { ["web"] = new() { HealthPath = "/\0" } } } }), "app.processes[web].health_path");
        // The agent asks its own host at these paths, and must not be sent elsewhere.
        await Refused.ForAsync(
            apps.UpdateAppAsync(new() { App = new() { Name = app, Processes = { ["web"] = new() { HealthPath = "//10.0.0.5/", MetricsPath = "//10.0.0.5/" } } } }),
            "app.processes[web].health_path", "app.processes[web].metrics_path");
        var release = new V1.Release { Image = ControllerFixture.Image("acme"), Description = "\0", Build = "\0", Processes = { ["web"] = "\0" } };
        await Refused.ForAsync(
            controller.Service.Releases.CreateReleaseAsync(new() { Parent = app, Release = release }),
            "release.build", "release.description", "release.processes");
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, -1)]
    [InlineData(601, 0)]
    [InlineData(0, 1_000_000_000)]
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MinValue, 0)]
    public async Task A_duration_that_is_none_is_refused_by_its_field(long seconds, int nanos)
    {
        var app = await controller.MakeAppAsync();
        var settings = new V1.ProcessSettings { TerminationGrace = new Duration { Seconds = seconds, Nanos = nanos } };
        await Refused.ForAsync(
            controller.Service.Apps.UpdateAppAsync(new() { App = new() { Name = app, Processes = { ["web"] = settings } } }),
            "app.processes[web].termination_grace");
    }

    [Theory]
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(253_402_300_800, 0)]
    [InlineData(4_000_000_000, -1)]
    [InlineData(4_000_000_000, 1_000_000_000)]
    public Task A_time_that_is_none_is_refused_by_its_field(long seconds, int nanos) => Refused.ForAsync(
        controller.Service.Tokens.CreateTokenAsync(new()
        {
            Parent = "tenants/acme",
            Token = new() { Member = "tenants/acme/members/viewer", ExpireTime = new Timestamp { Seconds = seconds, Nanos = nanos } },
        }),
        "token.expire_time");
}
