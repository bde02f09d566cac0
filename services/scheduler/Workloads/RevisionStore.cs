using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Workloads;

/// <summary>The templates of workloads, by revision. A revision never changes.</summary>
public sealed class RevisionStore(EnvBox envs)
{
    public Task InsertAsync(
        MeshTransaction transaction, Workload workload, V1.Template template, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into revisions (workload, revision, tenant, template, env, create_time)
            values (@Uid, @Revision, @Tenant, @Bare, @Env, @now)
            """;
        var (bare, env) = envs.Split(workload.Name, template);
        return transaction.ExecuteAsync(
            sql, new { workload.Uid, workload.Revision, workload.Tenant, Bare = bare, Env = env, now }, cancellationToken);
    }

    /// <summary>The newest template with its env in clear.</summary>
    public async Task<V1.Template> OpenAsync(MeshTransaction transaction, Workload workload, CancellationToken cancellationToken)
    {
        const string sql = "select env from revisions where workload = @Uid and revision = @Revision";
        var env = await transaction.QueryOneAsync<byte[]>(sql, new { workload.Uid, workload.Revision }, cancellationToken);
        return envs.Join(workload.Name, workload.Template!, env!);
    }
}
