using Mesh.Common.Postgres;
using Mesh.Scheduler.Placement;

namespace Mesh.Scheduler.Nodes;

/// <summary>Nodes in PostgreSQL.</summary>
public sealed class NodeStore
{
    // An allocation that was lost with its node and not replaced may come back: its room is kept.
    private const string Select = """
        select n.id, n.attributes, n.address, n.version, n.cpu_millis, n.memory_bytes, n.disk_bytes, n.state, n.cordoned, n.draining,
          n.etag, n.heartbeat_time, n.create_time, coalesce(r.cpu, 0) as reserved_cpu_millis,
          coalesce(r.memory, 0) as reserved_memory_bytes, coalesce(r.disk, 0) as reserved_disk_bytes,
          coalesce(r.allocations, 0) as allocations
        from nodes n left join (
          select node, sum(cpu_millis)::bigint as cpu, sum(memory_bytes)::bigint as memory, sum(disk_bytes)::bigint as disk,
            count(*)::int as allocations
          from allocations where end_time is null or (state = 8 and desired = 1) group by node
        ) r on r.node = n.id
        """;

    public Task<Node?> FindAsync(MeshTransaction transaction, string id, CancellationToken cancellationToken)
    {
        const string sql = $"{Select} where n.id = @id";
        return transaction.QueryOneAsync<Node>(sql, new { id }, cancellationToken);
    }

    public Task<IReadOnlyList<Node>> ListAsync(MeshTransaction transaction, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"{Select} where n.id > @after order by n.id limit @limit";
        return transaction.QueryAsync<Node>(sql, new { after, limit }, cancellationToken);
    }

    /// <summary>All nodes with what is reserved on them, and how many allocations of the given workloads each has.</summary>
    public async Task<IReadOnlyList<PlacementNode>> PlacementAsync(
        MeshTransaction transaction, Guid[] workloads, CancellationToken cancellationToken)
    {
        const string sql = """
            select node, workload, count(*)::int as count from allocations
            where workload = any(@workloads) and end_time is null and desired = 1 group by node, workload
            """;
        var nodes = await ListAsync(transaction, "", int.MaxValue, cancellationToken);
        var result = nodes.ToDictionary(node => node.Id, node => new PlacementNode(node.Id, node.Attributes, node.Total) { Closed = node.Closed });
        foreach (var node in nodes)
            result[node.Id].Reserve(Guid.Empty, node.Reserved, 0);
        foreach (var row in await transaction.QueryAsync<CountRow>(sql, new { workloads }, cancellationToken))
            result[row.Node].Reserve(row.Workload, default, row.Count);
        return [.. result.Values];
    }

    /// <summary>Takes a node up whose agent has connected.</summary>
    public Task RegisterAsync(MeshTransaction transaction, Node node, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into nodes (id, attributes, address, version, cpu_millis, memory_bytes, disk_bytes, state, heartbeat_time, create_time)
            values (@Id, @Attributes, @Address, @Version, @CpuMillis, @MemoryBytes, @DiskBytes, @State, @HeartbeatTime, @CreateTime)
            on conflict (id) do update set attributes = excluded.attributes, address = excluded.address, version = excluded.version,
              cpu_millis = excluded.cpu_millis, memory_bytes = excluded.memory_bytes, disk_bytes = excluded.disk_bytes,
              state = excluded.state, heartbeat_time = excluded.heartbeat_time, disconnect_time = null
            """;
        return transaction.ExecuteAsync(sql, node, cancellationToken);
    }

    public Task DisconnectAsync(MeshTransaction transaction, string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = "update nodes set state = @Disconnected, disconnect_time = @now where id = @id and state = @Ready";
        return transaction.ExecuteAsync(sql, new { id, now, NodeState.Disconnected, NodeState.Ready }, cancellationToken);
    }

    /// <summary>A new leader has no streams yet: every node counts as disconnected from now on, and none as lost because of us.</summary>
    public Task DisconnectAllAsync(MeshTransaction transaction, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = "update nodes set state = @Disconnected, disconnect_time = @now where state in (@Ready, @Disconnected)";
        return transaction.ExecuteAsync(sql, new { now, NodeState.Disconnected, NodeState.Ready }, cancellationToken);
    }

    public Task<IReadOnlyList<string>> DisconnectedBeforeAsync(
        MeshTransaction transaction, DateTimeOffset time, CancellationToken cancellationToken)
    {
        const string sql = "select id from nodes where state = @Disconnected and disconnect_time <= @time order by id";
        return transaction.QueryAsync<string>(sql, new { time, NodeState.Disconnected }, cancellationToken);
    }

    /// <summary>Gives a node up; false when it has come back meanwhile.</summary>
    public async Task<bool> LoseAsync(MeshTransaction transaction, string id, CancellationToken cancellationToken)
    {
        const string sql = "update nodes set state = @Lost where id = @id and state = @Disconnected";
        return await transaction.ExecuteAsync(sql, new { id, NodeState.Lost, NodeState.Disconnected }, cancellationToken) == 1;
    }

    /// <summary>Notes that these nodes have live streams.</summary>
    public Task HeartbeatAsync(
        MeshTransaction transaction, string[] ids, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = "update nodes set heartbeat_time = @now, state = @Ready, disconnect_time = null where id = any(@ids)";
        return transaction.ExecuteAsync(sql, new { ids, now, NodeState.Ready }, cancellationToken);
    }

    public Task<IReadOnlyList<string>> ReadyAsync(MeshTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = "select id from nodes where state = @Ready order by id";
        return transaction.QueryAsync<string>(sql, new { NodeState.Ready }, cancellationToken);
    }

    /// <summary>Sets what people decide about a node; false when there is no such node.</summary>
    public async Task<bool> ManageAsync(
        MeshTransaction transaction, string id, bool cordoned, bool draining, CancellationToken cancellationToken)
    {
        const string sql = """
            update nodes set cordoned = @cordoned, draining = @draining,
              etag = etag + case when cordoned <> @cordoned or draining <> @draining then 1 else 0 end
            where id = @id
            """;
        return await transaction.ExecuteAsync(sql, new { id, cordoned, draining }, cancellationToken) == 1;
    }

    private sealed record CountRow
    {
        public string Node { get; init; } = "";

        public Guid Workload { get; init; }

        public int Count { get; init; }
    }
}
