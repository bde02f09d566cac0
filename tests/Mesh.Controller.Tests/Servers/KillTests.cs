using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Testing;

namespace Mesh.Controller.Tests.Servers;

/// <summary>A controller that is killed in the middle of writes: what it answered is there afterwards, and only once.</summary>
[Trait("Needs", "servers")]
public sealed class KillTests(ControllerFixture controller) : IClassFixture<ControllerFixture>
{
    [Fact]
    public async Task What_was_answered_outlives_a_kill()
    {
        var app = await controller.MakeAppAsync();
        var answered = new ConcurrentBag<(V1.CreateReleaseRequest Request, V1.Release Release)>();
        var open = new ConcurrentBag<V1.CreateReleaseRequest>();
        var writing = Enumerable.Range(0, 4).Select(_ => WriteAsync(app, answered, open)).ToArray();
        await Wait.UntilAsync("some writes are answered", () => answered.Count >= 20);
        await controller.Process.KillAsync();
        await Task.WhenAll(writing);
        await controller.Process.StartAgainAsync();

        var releases = controller.Service.Releases;
        foreach (var (request, release) in answered)
        {
            Assert.Equal(release, (await releases.GetReleaseAsync(new() { Name = release.Name })).Release);
            Assert.Equal(release, (await releases.CreateReleaseAsync(request)).Release);
        }
        // Nobody knows of a call without an answer whether it was done: repeated, it is done once.
        foreach (var request in open)
            Assert.Equal((await releases.CreateReleaseAsync(request)).Release, (await releases.CreateReleaseAsync(request)).Release);
        var listed = (await releases.ListReleasesAsync(new() { Parent = app, PageSize = 1000 })).Releases;
        Assert.Equal(answered.Count + open.Count, listed.Count);
        Assert.Equal(Enumerable.Range(1, listed.Count).Reverse().Select(i => (long)i), listed.Select(r => r.Version));
        Assert.Equal(0, (await controller.Service.Audit.VerifyAuditLogAsync(new() { Parent = "tenants/acme" })).FirstBadSequence);
    }

    private async Task WriteAsync(
        string app, ConcurrentBag<(V1.CreateReleaseRequest Request, V1.Release Release)> answered, ConcurrentBag<V1.CreateReleaseRequest> open)
    {
        var releases = controller.Service.Releases;
        while (true)
        {
            var request = new V1.CreateReleaseRequest
            {
                Parent = app, RequestId = Guid.NewGuid().ToString(),
                Release = new() { Image = ControllerFixture.Image("acme"), Processes = { ["web"] = "" } },
            };
            try
            {
                answered.Add((request, (await releases.CreateReleaseAsync(request)).Release));
            }
            catch (RpcException)
            {
                open.Add(request);
                return;
            }
        }
    }
}
