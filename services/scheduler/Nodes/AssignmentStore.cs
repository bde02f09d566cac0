using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Nodes;

/// <summary>What nodes shall run.</summary>
public sealed class AssignmentStore(EnvBox envs)
{
    /// <summary>What a node shall have, without templates. What was lost and replaced is not among it, so the agent stops it.</summary>
    public async Task<IReadOnlyDictionary<Guid, Desired>> ListAsync(
        MeshTransaction transaction, string node, CancellationToken cancellationToken)
    {
        const string sql = """
            select uid, desired from allocations
            where node = @node and end_time is null
            """;
        var rows = await transaction.QueryAsync<Row>(sql, new { node }, cancellationToken);
        return rows.ToDictionary(row => row.Uid, row => row.Desired);
    }

    /// <summary>The same allocations in full, secrets in clear.</summary>
    public async Task<IReadOnlyList<V1.Assignment>> OpenAsync(MeshTransaction transaction, Guid[] uids, CancellationToken cancellationToken)
    {
        const string sql = """
            select a.uid, a.tenant, a.workload_id, a.revision, a.desired, a.run_to_completion, r.template, r.env, w.spec
            from allocations a
            join revisions r on r.workload = a.workload and r.revision = a.revision
            join workloads w on w.uid = a.workload
            where a.uid = any(@uids) order by a.uid
            """;
        var rows = await transaction.QueryAsync<Row>(sql, new { uids }, cancellationToken);
        return [.. rows.Select(ToWire)];
    }

    private V1.Assignment ToWire(Row row) => new()
    {
        Name = new AllocationName(row.Tenant, row.WorkloadId, row.Uid.ToString()).ToString(),
        Uid = row.Uid.ToString(),
        Desired = row.Desired,
        Template = envs.Join(new WorkloadName(row.Tenant, row.WorkloadId), row.Template, row.Env),
        Labels = { row.Spec.Labels },
        Revision = row.Revision,
        RunToCompletion = row.RunToCompletion,
    };

    private sealed record Row
    {
        public Guid Uid { get; init; }

        public string Tenant { get; init; } = "";

        public string WorkloadId { get; init; } = "";

        public long Revision { get; init; }

        public Desired Desired { get; init; }

        public bool RunToCompletion { get; init; }

        public V1.Template Template { get; init; } = new();

        public byte[] Env { get; init; } = [];

        public V1.WorkloadSpec Spec { get; init; } = new();
    }
}
