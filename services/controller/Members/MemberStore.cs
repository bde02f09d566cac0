using Mesh.Auth.V1;
using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Controller.Audit;
using Mesh.Controller.Requests;
using Mesh.Controller.Tenants;

namespace Mesh.Controller.Members;

/// <summary>The table of members.</summary>
public sealed class MemberStore(MeshDatabase database, AuditLog audit, TimeProvider time)
{
    private const string Columns = "tenant, member as id, role, display_name, service_account, revision, create_time";

    public async Task<Member> CreateAsync(Member given, string requestId, bool validateOnly, Actor actor, CancellationToken cancellationToken)
    {
        var member = given with { CreateTime = time.GetUtcNow() };
        await using var transaction = await database.BeginAsync(member.Tenant, cancellationToken);
        var claim = await RequestLog.ClaimAsync(transaction, "CreateMember", requestId, member.ToString(), member.CreateTime, cancellationToken);
        if (claim is not null) return await FindAsync(transaction, member.Tenant, member.Id, cancellationToken) ?? throw NotFound(member.Id);
        const string insert = """
            insert into members (tenant, member, role, display_name, service_account, create_time)
            select @Tenant, @Id, @Role, @DisplayName, @ServiceAccount, @CreateTime
            where exists (select from tenants where tenant = @Tenant)
            on conflict do nothing
            """;
        if (await transaction.ExecuteAsync(insert, Row(member), cancellationToken) == 0)
        {
            if (await transaction.QueryOneAsync<int?>("select 1 from tenants where tenant = @Tenant", new { member.Tenant }, cancellationToken) is null)
                throw TenantStore.NotFound(member.Tenant);
            throw MeshException.AlreadyExists("MEMBER_EXISTS", $"The tenant has a member `{member.Id}` already.");
        }
        if (validateOnly) return member;
        await audit.AppendAsync(transaction, member.Tenant, actor, member.ToString(), null, member, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return member;
    }

    public async Task<Member> GetAsync(MemberName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name.Tenant, name.Member, cancellationToken) ?? throw NotFound(name.Member);
    }

    public async Task<IReadOnlyList<Member>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from members where tenant = @tenant and member > @after order by member limit @limit";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<Member>(sql, new { tenant, after, limit }, cancellationToken);
    }

    /// <summary>Changes a member by a function of what it is. A tenant never loses its last owner.</summary>
    public async Task<Member> UpdateAsync(
        MemberName name, string etag, Func<Member, Member> change, bool validateOnly, Actor actor, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var before = await FindAsync(transaction, name.Tenant, name.Member, cancellationToken, " for update") ?? throw NotFound(name.Member);
        ETag.Check(etag, before.Revision);
        var after = change(before) with { Revision = before.Revision + 1 };
        if (before.Role == Role.Owner && after.Role != Role.Owner) await KeepAnOwnerAsync(transaction, before, cancellationToken);
        if (validateOnly) return after;
        const string update = """
            update members set role = @Role, display_name = @DisplayName, revision = @Revision where tenant = @Tenant and member = @Id
            """;
        await transaction.ExecuteAsync(update, Row(after), cancellationToken);
        await audit.AppendAsync(transaction, name.Tenant, actor, name.ToString(), before, after, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return after;
    }

    /// <summary>Removes a member with all its tokens.</summary>
    public async Task DeleteAsync(MemberName name, string etag, Actor actor, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var before = await FindAsync(transaction, name.Tenant, name.Member, cancellationToken, " for update") ?? throw NotFound(name.Member);
        ETag.Check(etag, before.Revision);
        if (before.Role == Role.Owner) await KeepAnOwnerAsync(transaction, before, cancellationToken);
        const string delete = "delete from members where tenant = @Tenant and member = @Id";
        await transaction.ExecuteAsync(delete, new { before.Tenant, before.Id }, cancellationToken);
        await audit.AppendAsync(transaction, name.Tenant, actor, name.ToString(), before, null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task KeepAnOwnerAsync(MeshTransaction transaction, Member leaving, CancellationToken cancellationToken)
    {
        // The lock makes two owners who remove each other wait for one another.
        const string others = "select member from members where tenant = @Tenant and role = @role and member <> @Id for update";
        var found = await transaction.QueryAsync<string>(others, new { leaving.Tenant, leaving.Id, role = (short)Role.Owner }, cancellationToken);
        if (found.Count == 0) throw MeshException.FailedPrecondition("LAST_OWNER", "A tenant keeps at least one owner.");
    }

    private static object Row(Member member) => new
    {
        member.Tenant, member.Id, Role = (short)member.Role, member.DisplayName, member.ServiceAccount, member.Revision, member.CreateTime,
    };

    private static MeshException NotFound(string id) => MeshException.NotFound("MEMBER_NOT_FOUND", $"The tenant has no member `{id}`.");

    private static Task<Member?> FindAsync(
        MeshTransaction transaction, string tenant, string id, CancellationToken cancellationToken, string lockClause = "") =>
        transaction.QueryOneAsync<Member>(
            $"select {Columns} from members where tenant = @tenant and member = @id{lockClause}", new { tenant, id }, cancellationToken);
}
