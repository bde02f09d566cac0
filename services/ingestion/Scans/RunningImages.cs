using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Scheduler.V1;

namespace Mesh.Ingestion.Scans;

/// <summary>
/// What runs, as the scheduler tells it, kept for some seconds. While the scheduler cannot be asked, what it last told is
/// answered for some minutes, and after that nothing: what runs is not known then.
/// </summary>
public sealed class RunningImages(WorkloadService.WorkloadServiceClient scheduler, TimeProvider time, ILogger<RunningImages> logger)
{
    private const int MaxTenants = 10_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5), Usable = TimeSpan.FromMinutes(5), Patience = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, Entry> _tenants = new(StringComparer.Ordinal);

    /// <summary>What runs in a tenant; null where that is not known.</summary>
    public async Task<RunningSet?> FindAsync(string tenant, CancellationToken cancellationToken)
    {
        if (_tenants.Count >= MaxTenants)
            _tenants.Clear();
        var entry = _tenants.GetOrAdd(tenant, _ => new Entry());
        if (entry.AskTime is { } asked && time.GetUtcNow() - asked < Fresh)
            return Usably(entry.Last);

        // One asks, the others wait for the answer.
        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            if (entry.AskTime is { } meanwhile && time.GetUtcNow() - meanwhile < Fresh)
                return Usably(entry.Last);
            entry.Last = await AskAsync(tenant, cancellationToken) ?? entry.Last;
            entry.AskTime = time.GetUtcNow();
            return Usably(entry.Last);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>What runs in a tenant; UNAVAILABLE where that is not known.</summary>
    public async Task<RunningSet> GetAsync(string tenant, CancellationToken cancellationToken) => await FindAsync(tenant, cancellationToken)
        ?? throw MeshException.Unavailable("RUNNING_IMAGES_UNKNOWN", "The scheduler cannot be asked now which images run.");

    private RunningSet? Usably(RunningSet? last) => last is not null && time.GetUtcNow() - last.Time < Usable ? last : null;

    private async Task<RunningSet?> AskAsync(string tenant, CancellationToken cancellationToken)
    {
        var workloads = new Dictionary<ImageName, IReadOnlySet<string>>();
        var (now, token) = (time.GetUtcNow(), "");
        try
        {
            do
            {
                var request = new ListAllocationsRequest { Parent = $"tenants/{tenant}/workloads/-", PageSize = 1000, PageToken = token };
                var page = await scheduler.ListAllocationsAsync(
                    request, deadline: (time.GetUtcNow() + Patience).UtcDateTime, cancellationToken: cancellationToken);
                foreach (var allocation in page.Allocations.Where(Runs))
                    Note(workloads, tenant, allocation);
                token = page.NextPageToken;
            }
            while (token.Length > 0);
            return new RunningSet(now, workloads);
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            logger.LogInformation("The scheduler cannot be asked what runs: {Problem}", exception.Status.Detail);
            return null;
        }
    }

    private static bool Runs(Allocation allocation) =>
        allocation.State is Allocation.Types.State.Running or Allocation.Types.State.Stopping;

    private static void Note(Dictionary<ImageName, IReadOnlySet<string>> workloads, string tenant, Allocation allocation)
    {
        // Images of other repositories than ours have no scans.
        if (ImageName.TryParse(allocation.Image) is not { } image || image.Tenant != tenant)
            return;
        if (!workloads.TryGetValue(image, out var names))
            workloads[image] = names = new HashSet<string>(StringComparer.Ordinal);
        ((HashSet<string>)names).Add(AllocationName.Parse(allocation.Name).Parent.ToString());
    }

    private sealed class Entry
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public DateTimeOffset? AskTime { get; set; }

        public RunningSet? Last { get; set; }
    }
}
