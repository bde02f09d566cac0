using System.Reflection;
using System.Text.RegularExpressions;
using Mesh.Common.ClickHouse;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Tables;

/// <summary>
/// Makes the tables at start, from the embedded scripts in the order of their names. A table that is there already, made by an
/// earlier version, gets the settings and the TTL that the script states. Every statement may be run again, by several replicas at once, and
/// what is left of them after a crash is seen in the tables. Until the database answers, it is asked again; batches wait in the log meanwhile.
/// </summary>
public sealed partial class TableSetup(ClickHouseClient clickHouse, TimeProvider time, ILogger<TableSetup> logger) : BackgroundLoop
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsReady => _ready.Task.IsCompletedSuccessfully;

    public Task ReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    /// <summary>All statements of all scripts.</summary>
    public static IEnumerable<string> Statements() =>
        from name in Assembly.GetExecutingAssembly().GetManifestResourceNames().Order(StringComparer.Ordinal)
        where name.Contains(".Tables.", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal)
        from statement in Read(name).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        select statement;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await new Rounds("The tables could not be made yet", time, logger) { AfterFailure = Backoff.Of(100, 2000) }.UntilDoneAsync(MakeAsync, stoppingToken);
        _ready.SetResult();
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        foreach (var statement in Statements())
        {
            await clickHouse.ExecuteAsync(statement, cancellationToken);
            if (MadeTable().Match(statement) is { Success: true } made)
                await AlignAsync(made.Groups["table"].Value, statement, cancellationToken);
        }
    }

    /// <summary>Alters a table where its settings or its TTL are not those of the statement that would make it.</summary>
    private async Task AlignAsync(string table, string statement, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var sql = $"""
            select formatQuerySingleLine({parameters.Text(statement)}), engine_full,
                (select groupArray(name) from system.merge_tree_settings where readonly)
            from system.tables where database = currentDatabase() and name = {parameters.Text(table)}
            """;
        var row = await clickHouse.QueryAsync(sql, parameters.Values, cancellationToken).SingleAsync(cancellationToken);
        var (stated, actual) = (TableTerms.Parse(row.Text(0)), TableTerms.Parse(row.Text(1)));
        var kept = row[2].EnumerateArray().Select(name => name.GetString()!).ToHashSet();
        foreach (var setting in actual.Differing(stated).Where(kept.Contains))
        {
            logger.LogWarning("The table {Table} keeps {Setting} = {Has}, with which it was made; a new one has {Stated}",
                table, setting, actual.Settings.GetValueOrDefault(setting), stated.Settings[setting]);
        }

        foreach (var alteration in actual.Alterations(table, stated, kept))
        {
            logger.LogInformation("The table {Table} is of an earlier version: {Alteration}", table, alteration);
            await clickHouse.ExecuteAsync(alteration, cancellationToken);
        }
    }

    [GeneratedRegex(@"^\s*create table if not exists (?<table>\w+)", RegexOptions.Multiline)]
    private static partial Regex MadeTable();

    private static string Read(string resource)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
