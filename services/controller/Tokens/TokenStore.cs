using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Postgres;
using Mesh.Controller.Audit;
using Mesh.Controller.Members;

namespace Mesh.Controller.Tokens;

/// <summary>The table of tokens.</summary>
public sealed class TokenStore(MeshDatabase database, AuditLog audit, TimeProvider time)
{
    private const string Columns = "uid, tenant, member, hash, prefix, display_name, expire_time, last_use_time, create_time";

    /// <summary>Keeps a new token of a member whose role the caller has too.</summary>
    public async Task<Token> CreateAsync(Token given, Role callerRole, Actor actor, CancellationToken cancellationToken)
    {
        var token = given with { CreateTime = time.GetUtcNow() };
        await using var transaction = await database.BeginAsync(token.Tenant!, cancellationToken);
        const string find = "select role from members where tenant = @Tenant and member = @Member for share";
        var role = await transaction.QueryOneAsync<short?>(find, new { token.Tenant, token.Member }, cancellationToken)
            ?? throw MeshException.NotFound("MEMBER_NOT_FOUND", $"The tenant has no member `{token.Member}`.");
        if ((Role)role > callerRole)
            throw MeshException.PermissionDenied("ROLE_ABOVE_YOURS", "Nobody makes a token for a member whose role is above his own.");
        await InsertAsync(transaction, token, cancellationToken);
        await audit.AppendAsync(
            transaction, token.Tenant!, actor, TokenMapping.NameOf(token), null, token with { Hash = "" }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return token;
    }

    /// <summary>Makes sure that an operator's token is known.</summary>
    public async Task KeepOperatorAsync(string secret, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        await InsertAsync(transaction, new Token
        {
            Uid = Guid.CreateVersion7(time.GetUtcNow()),
            Hash = TokenHash.Of(secret),
            Prefix = Token.PrefixOf(secret),
            DisplayName = "operator",
            CreateTime = time.GetUtcNow(),
        }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<Token>> ListAsync(string tenant, Guid? before, int limit, CancellationToken cancellationToken)
    {
        // A uid begins with its time: the order of uids is the order of creation.
        const string sql = $"""
            select {Columns} from tokens where tenant = @tenant and (@before::uuid is null or uid < @before) order by uid desc limit @limit
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<Token>(sql, new { tenant, before, limit }, cancellationToken);
    }

    /// <summary>Forgets a token; gives its hash, so that caches can forget it too.</summary>
    public async Task<string> RevokeAsync(string tenant, Guid uid, Actor actor, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        const string delete = $"delete from tokens where tenant = @tenant and uid = @uid returning {Columns}";
        var token = await transaction.QueryOneAsync<Token>(delete, new { tenant, uid }, cancellationToken)
            ?? throw MeshException.NotFound("TOKEN_NOT_FOUND", "There is no such token.");
        await audit.AppendAsync(transaction, tenant, actor, TokenMapping.NameOf(token), token with { Hash = "" }, null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return token.Hash;
    }

    /// <summary>Whose a token is. Notes its use, at most once a minute.</summary>
    public async Task<ResolvedToken?> ResolveAsync(string hash, CancellationToken cancellationToken)
    {
        const string find = """
            select t.uid, t.tenant, t.member, t.expire_time, t.last_use_time, coalesce(m.role, 0) as role
            from tokens t left join members m on m.tenant = t.tenant and m.member = t.member
            where t.hash = @hash
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        if (await transaction.QueryOneAsync<Found>(find, new { hash }, cancellationToken) is not { } found) return null;
        var now = time.GetUtcNow();
        if (found.LastUseTime is null || now - found.LastUseTime > TimeSpan.FromMinutes(1))
        {
            // Whoever comes second within the minute does not wait for the row.
            const string note = """
                update tokens set last_use_time = @now where uid = (select uid from tokens where uid = @Uid for update skip locked)
                """;
            await transaction.ExecuteAsync(note, new { now, found.Uid }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        return new ResolvedToken(found.Tenant is null || found.Member is null
            ? new Principal { Subject = "operator", IsOperator = true }
            : new Principal
            {
                Subject = new MemberName(found.Tenant, found.Member).ToString(),
                Roles = new Dictionary<string, Role> { [found.Tenant] = (Role)found.Role },
            }, found.ExpireTime);
    }

    private static Task<int> InsertAsync(MeshTransaction transaction, Token token, CancellationToken cancellationToken)
    {
        const string insert = $"""
            insert into tokens ({Columns})
            values (@Uid, @Tenant, @Member, @Hash, @Prefix, @DisplayName, @ExpireTime, @LastUseTime, @CreateTime)
            on conflict (hash) do nothing
            """;
        return transaction.ExecuteAsync(insert, token, cancellationToken);
    }

    private sealed record Found
    {
        public Guid Uid { get; init; }
        public string? Tenant { get; init; }
        public string? Member { get; init; }
        public DateTimeOffset? ExpireTime { get; init; }
        public DateTimeOffset? LastUseTime { get; init; }
        public short Role { get; init; }
    }
}
