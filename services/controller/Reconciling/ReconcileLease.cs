using Mesh.Controller.Deployments;

namespace Mesh.Controller.Reconciling;

/// <summary>The lease under which a replica works at a deployment. It is renewed while the work goes on, so that nobody else begins meanwhile.</summary>
internal sealed class ReconcileLease(ReconcileStore store, Deployment leased, TimeProvider time)
{
    // Two calls of the scheduler, which may take ten seconds each, and what lies between them.
    private static readonly TimeSpan s_enough = TimeSpan.FromSeconds(22);

    private DateTimeOffset? _until = leased.LeaseUntil;

    /// <summary>The deployment under the lease as it is now.</summary>
    public Deployment Hold(Deployment deployment) => deployment with { LeaseUntil = _until };

    /// <summary>Sees to it that the lease lasts for the next step; false where somebody else has the deployment by now.</summary>
    public async Task<bool> KeepAsync(CancellationToken cancellationToken)
    {
        if (_until - time.GetUtcNow() >= s_enough) return true;
        if (await store.RenewAsync(Hold(leased), cancellationToken) is not { } until) return false;
        _until = until;
        return true;
    }
}
