using System.Security.Cryptography;
using System.Text.Json;
using Mesh.Common.Postgres;

namespace Mesh.Controller.Audit;

/// <summary>Writes and reads the audit log. An entry is part of the transaction that it tells of: there is never one without the other.</summary>
public sealed class AuditLog(MeshDatabase database, TimeProvider time)
{
    private const string Columns = """
        tenant, sequence, time, subject, peer, method, resource, code, request_id, before_digest, after_digest, hash
        """;

    /// <summary>Adds an entry. The row lock on the tenant's head puts concurrent entries in order.</summary>
    public async Task AppendAsync(
        MeshTransaction transaction, string tenant, Actor actor, string resource, object? before, object? after, CancellationToken cancellationToken,
        string code = "OK")
    {
        const string next = """
            insert into audit_heads (tenant, sequence, hash) values (@tenant, 1, '')
            on conflict (tenant) do update set sequence = audit_heads.sequence + 1
            returning sequence, hash
            """;
        var head = await transaction.QueryOneAsync<AuditEntry>(next, new { tenant }, cancellationToken);
        var entry = new AuditEntry
        {
            Tenant = tenant,
            Sequence = head!.Sequence,
            Time = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()),
            Subject = actor.Subject,
            Peer = actor.Peer,
            Method = actor.Method,
            Resource = resource,
            Code = code,
            RequestId = actor.RequestId,
            BeforeDigest = Digest(before),
            AfterDigest = Digest(after),
        };
        entry = entry with { Hash = entry.HashAfter(head.Hash) };
        const string append = $"""
            with head as (update audit_heads set hash = @Hash where tenant = @Tenant)
            insert into audit_entries ({Columns})
            values (@Tenant, @Sequence, @Time, @Subject, @Peer, @Method, @Resource, @Code, @RequestId, @BeforeDigest, @AfterDigest, @Hash)
            """;
        await transaction.ExecuteAsync(append, entry, cancellationToken);
    }

    /// <summary>Entries with a sequence below the given one, newest first.</summary>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(string tenant, long before, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from audit_entries where tenant = @tenant and sequence < @before order by sequence desc limit @limit
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<AuditEntry>(sql, new { tenant, before, limit }, cancellationToken);
    }

    /// <summary>How many entries there are, and the first whose hash is not what the chain demands (0: none).</summary>
    public async Task<(long Entries, long FirstBad)> VerifyAsync(string tenant, CancellationToken cancellationToken)
    {
        const string page = $"""
            select {Columns} from audit_entries where tenant = @tenant and sequence > @after order by sequence limit 1000
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        var (after, previous) = (0L, "");
        while (true)
        {
            var entries = await transaction.QueryAsync<AuditEntry>(page, new { tenant, after }, cancellationToken);
            foreach (var entry in entries)
            {
                if (entry.Sequence != after + 1 || entry.Hash != entry.HashAfter(previous)) return (after, after + 1);
                (after, previous) = (entry.Sequence, entry.Hash);
            }
            if (entries.Count < 1000) break;
        }
        const string head = "select sequence, hash from audit_heads where tenant = @tenant";
        var last = await transaction.QueryOneAsync<AuditEntry>(head, new { tenant }, cancellationToken);
        // Entries cut off at the end leave a chain that is right in itself; the head tells.
        return last is not null && (last.Sequence != after || last.Hash != previous) ? (after, after + 1) : (after, 0);
    }

    private static string Digest(object? value) =>
        value is null ? "" : Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType())));
}
