using System.Collections.Concurrent;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;

namespace Mesh.Scheduler.Nodes;

/// <summary>The streams of all agents during one term: one a node.</summary>
public sealed class NodeSessions(MeshDatabase database, AssignmentStore assignments, ChangeBus bus, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, NodeSession> _sessions = new();

    public IEnumerable<NodeSession> All => _sessions.Values;

    /// <summary>Begins a session; an older one of the same node ends.</summary>
    public NodeSession Open(string node)
    {
        var session = new NodeSession(node, database, assignments, bus, time);
        _sessions.AddOrUpdate(node, session, (_, old) =>
        {
            old.Replace();
            return session;
        });
        return session;
    }

    /// <summary>Ends a session; whether the node is without a stream now.</summary>
    public bool Close(NodeSession session) => _sessions.TryRemove(KeyValuePair.Create(session.Node, session));

    public bool IsCurrent(NodeSession session) => _sessions.TryGetValue(session.Node, out var current) && current == session;

    public NodeSession? Find(string node) => _sessions.GetValueOrDefault(node);
}
