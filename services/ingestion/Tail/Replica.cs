using System.Collections.Immutable;

namespace Mesh.Ingestion.Tail;

/// <summary>Another replica, for as long as it is listed.</summary>
/// <param name="Id">Its id in Consul: the same when it comes back under its address.</param>
/// <param name="Tail">Follows what it takes.</param>
/// <param name="Gone">Fires when it is listed no longer.</param>
public sealed record Replica(
    string Id, Func<V1.TailReplicaRequest, CancellationToken, IAsyncEnumerable<V1.TailReplicaResponse>> Tail, CancellationToken Gone);

/// <summary>The other replicas at one time.</summary>
/// <param name="Replicas">All of them that are healthy.</param>
/// <param name="Changed">Completes once there is a newer list.</param>
public sealed record ReplicaList(ImmutableArray<Replica> Replicas, Task Changed);
