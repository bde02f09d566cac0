using System.Reflection;
using Mesh.Common.ClickHouse;
using Mesh.Common.Hosting;

namespace Mesh.Ingestion.Tables;

/// <summary>
/// Makes the tables at start, from the embedded scripts in the order of their names. Every statement may be run again.
/// Until the database answers, it is asked again; batches wait in the log meanwhile.
/// </summary>
public sealed class TableSetup(ClickHouseClient clickHouse, TimeProvider time, ILogger<TableSetup> logger) : BackgroundLoop
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
        for (var attempt = 0; !await TryAsync(attempt, stoppingToken); attempt++)
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(2000, 100 << Math.Min(attempt, 10))), time, stoppingToken);
        _ready.SetResult();
    }

    private async Task<bool> TryAsync(int attempt, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var statement in Statements())
                await clickHouse.ExecuteAsync(statement, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (attempt % 20 == 0)
                logger.LogWarning(exception, "The tables could not be made yet");
            return false;
        }
    }

    private static string Read(string resource)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
