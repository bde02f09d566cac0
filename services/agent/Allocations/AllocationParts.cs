using Mesh.Agent.Images;
using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Allocations;

/// <summary>What every allocation needs of the agent.</summary>
public sealed record AllocationParts(
    IContainerRuntime Runtime,
    ImageStore Images,
    AllocationStore Store,
    PortReservations Ports,
    ShimLauncher Shims,
    HealthProbe Probe,
    TimeProvider Time,
    ILogger<AllocationRunner> Log);
