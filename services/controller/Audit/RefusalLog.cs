using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Controller.Audit;

/// <summary>
/// Writes refused changes into the audit log of the tenant that they were meant for. Anybody can be refused as often as he likes, so a
/// tenant's log takes only so many of them a minute.
/// </summary>
internal sealed partial class RefusalLog(MeshDatabase database, AuditLog audit, TimeProvider time, ILogger<RefusalLog> logger) : IRefusalLog
{
    private const int MostAMinute = 100, LongestName = 500;
    private static readonly string[] s_reads = ["Get", "List", "Watch", "Resolve", "Verify"];
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, (long Minute, int Count)> _counts = new(StringComparer.Ordinal);

    public async Task NoteAsync(ServerCallContext context, string name, StatusCode code)
    {
        if (!Changes(context.Method) || !TenantName.TryOwnerOf(name, out var tenant)) return;
        // The caller's own token does not count: who hangs up is noted too.
        using var patience = new CancellationTokenSource(s_patience, time);
        try
        {
            await AppendAsync(tenant, Actor.Of(context), Text(name), code, patience.Token);
        }
        catch (Exception e)
        {
            LogNotNoted(context.Method, e.Message);
        }
    }

    private async Task AppendAsync(string tenant, Actor actor, string name, StatusCode code, CancellationToken cancellationToken)
    {
        const string exists = "select 1 from tenants where tenant = @tenant";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        if (await transaction.QueryOneAsync<int?>(exists, new { tenant }, cancellationToken) is null || !Counts(tenant)) return;
        await audit.AppendAsync(transaction, tenant, actor, name, null, null, cancellationToken, RpcErrors.Name(code));
        await transaction.CommitAsync(cancellationToken);
    }

    private bool Counts(string tenant)
    {
        var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
        return _counts.AddOrUpdate(tenant, (minute, 1), (_, old) => old.Minute == minute ? (minute, old.Count + 1) : (minute, 1)).Count <= MostAMinute;
    }

    private static bool Changes(string method)
    {
        var name = method[(method.LastIndexOf('/') + 1)..];
        return !s_reads.Any(verb => name.StartsWith(verb, StringComparison.Ordinal));
    }

    private static string Text(string name) => (name.Length <= LongestName ? name : name[..LongestName]).Replace("\0", "", StringComparison.Ordinal);

    [LoggerMessage(LogLevel.Warning, "The refusal of {Method} could not be written into the audit log: {Problem}")]
    private partial void LogNotNoted(string method, string problem);
}
