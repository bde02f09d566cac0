using Mesh.Agent.Allocations;

namespace Mesh.Agent.Tests.Allocations;

/// <summary>Specifications to start from.</summary>
internal static class Specs
{
    public static AllocationSpec Service(string image = "acme/shop@sha256:00", params string[] command)
    {
        var uid = Guid.CreateVersion7().ToString();
        return new(
            $"tenants/acme/workloads/shop-production-web/allocations/{uid}", uid, 1, image, command,
            new Dictionary<string, string>(),
            new Dictionary<string, string> { ["app"] = "shop", ["deployment"] = "production", ["process"] = "web" },
            Listens: true, RunsToCompletion: false,
            new(50, 0, 64 << 20, 64),
            new(HealthCheckKind.Tcp, "/", [], null, TimeSpan.FromSeconds(2), 3, 1),
            TimeSpan.FromSeconds(10),
            new(5, TimeSpan.FromMinutes(5), TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(1)),
            "/metrics", "", "");
    }

    /// <summary>A process that does not listen.</summary>
    public static AllocationSpec Worker(string image, params string[] command) => Service(image, command) with
    {
        Listens = false,
        Health = new(HealthCheckKind.Alive, "/", [], null, TimeSpan.FromSeconds(2), 3, 1),
    };
}
