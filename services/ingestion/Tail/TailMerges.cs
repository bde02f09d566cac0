namespace Mesh.Ingestion.Tail;

/// <summary>Begins to merge what this replica and the others take.</summary>
public sealed class TailMerges(OtherReplicas others, TimeProvider time, ILogger<TailMerge> logger)
{
    /// <param name="own">What this replica takes.</param>
    /// <param name="request">What the reader asks.</param>
    /// <param name="cancellationToken">The reader's.</param>
    public TailMerge Begin(TailSubscription own, V1.TailRequest request, CancellationToken cancellationToken)
    {
        var inner = new V1.TailReplicaRequest
        {
            Parent = request.Parent, Selector = request.Selector, Contains = request.Contains, Undrained = request.Backlog > 0,
        };
        return new(own, () => others.Current, inner, time, logger, cancellationToken);
    }
}
