using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Common.Secrets;
using Mesh.Controller.Apps;
using Mesh.Controller.Audit;
using Mesh.Controller.Releases;
using Mesh.Controller.Requests;

namespace Mesh.Controller.Configs;

/// <summary>The environments of apps, version by version.</summary>
public sealed class ConfigStore(MeshDatabase database, SecretBox box, AuditLog audit, TimeProvider time)
{
    /// <summary>The newest version; version 0 without variables before the first change.</summary>
    public async Task<Config> GetAsync(AppName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var app = await AppStore.FindAsync(transaction, name, cancellationToken);
        return await FindAsync(transaction, name, app.ConfigVersion, cancellationToken);
    }

    /// <summary>
    /// Sets and unsets variables in one step. When anything changes and the app has a release, the next release is made and rolled
    /// out in the same transaction.
    /// </summary>
    public async Task<(Config Config, Release? Release)> SetAsync(
        AppName name,
        IReadOnlyDictionary<string, GivenVariable> set,
        IReadOnlyList<string> unset,
        string etag,
        string requestId,
        Actor actor,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var app = await AppStore.LockAsync(transaction, name, cancellationToken);
        var before = await FindAsync(transaction, name, app.ConfigVersion, cancellationToken);
        if (await RequestLog.ClaimAsync(transaction, "SetConfig", requestId, $"{name}/config", now, cancellationToken) is not null)
            return (before, null);
        ETag.Check(etag, before.Version);
        var variables = Changed(before, set, unset, name);
        if (variables is null) return (before, null);
        var after = before with { Version = before.Version + 1, Variables = variables, CreateTime = now };
        const string insert = """
            insert into configs (tenant, app, version, variables, create_time) values (@Tenant, @App, @Version, @Variables, @CreateTime)
            """;
        await transaction.ExecuteAsync(insert, after, cancellationToken);
        const string update = """
            update apps set config_version = @Version, revision = revision + 1, update_time = @now where tenant = @Tenant and app = @App
            """;
        await transaction.ExecuteAsync(update, new { after.Version, now, name.Tenant, name.App }, cancellationToken);
        var release = app.LatestRelease == 0
            ? null
            : await ReleaseStore.AddAsync(transaction, app with { ConfigVersion = after.Version }, latest => latest with
            {
                ConfigVersion = after.Version,
                Description = Describe(set.Keys, unset),
                Build = "",
                Creator = actor.Subject,
            }, actor, now, cancellationToken);
        await AppStore.NotifyAsync(transaction, name, cancellationToken);
        await audit.AppendAsync(transaction, name.Tenant, actor, $"{name}/config", Redacted(before), Redacted(after), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (after, release);
    }

    /// <summary>All variables in clear, for the processes.</summary>
    public Dictionary<string, string> Open(Config config) => config.Variables.ToDictionary(
        v => v.Key, v => v.Value.Sealed is { } box1 ? box.OpenText(box1, Place(config.AppName, v.Key)) : v.Value.Value);

    internal static async Task<Config> FindAsync(
        MeshTransaction transaction, AppName name, long version, CancellationToken cancellationToken)
    {
        const string sql = """
            select tenant, app, version, variables, create_time from configs where tenant = @Tenant and app = @App and version = @version
            """;
        return await transaction.QueryOneAsync<Config>(sql, new { name.Tenant, name.App, version }, cancellationToken)
            ?? new Config { Tenant = name.Tenant, App = name.App };
    }

    private Dictionary<string, StoredVariable>? Changed(
        Config before, IReadOnlyDictionary<string, GivenVariable> set, IReadOnlyList<string> unset, AppName app)
    {
        var opened = Open(before);
        var variables = new Dictionary<string, StoredVariable>(before.Variables);
        var changed = false;
        foreach (var (name, given) in set)
        {
            var same = opened.TryGetValue(name, out var value) && value == given.Value && variables[name].Sealed is not null == given.Secret;
            if (same) continue;
            changed = true;
            variables[name] = given.Secret
                ? new StoredVariable { Sealed = box.Seal(given.Value, Place(app, name)) }
                : new StoredVariable { Value = given.Value };
        }
        foreach (var name in unset) changed |= variables.Remove(name);
        return changed ? variables : null;
    }

    private static string Place(AppName app, string variable) => $"{app}/config/{variable}";

    private static string Describe(IEnumerable<string> set, IReadOnlyList<string> unset)
    {
        var parts = new List<string>();
        if (set.Any()) parts.Add("Set " + string.Join(", ", set.Order(StringComparer.Ordinal)));
        if (unset.Count > 0) parts.Add("Unset " + string.Join(", ", unset.Order(StringComparer.Ordinal)));
        return string.Join("; ", parts);
    }

    private static object Redacted(Config config) => new
    {
        config.Version,
        Variables = config.Variables.ToDictionary(v => v.Key, v => v.Value.Sealed is null ? v.Value.Value : Convert.ToHexStringLower(v.Value.Sealed)),
    };
}
