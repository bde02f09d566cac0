using System.Net.Sockets;
using Mesh.Common.Health;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mesh.Common.Postgres;

/// <summary>Runs the migrations at start, waiting for the database as long as it is away. The service is ready only afterwards.</summary>
internal sealed partial class MigrationService(
    Migrator migrator, SchemaReadiness readiness, HealthCondition condition, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<MigrationService> logger) : BackgroundLoop
{
    private static readonly Backoff s_pauses = Backoff.Of(100, 5000);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await migrator.RunAsync(stoppingToken);
                readiness.Set();
                condition.Meet();
                return;
            }
            catch (Exception e) when (IsAway(e) && !stoppingToken.IsCancellationRequested)
            {
                var pause = s_pauses.After(attempt);
                LogWaiting(e.Message, pause.TotalSeconds);
                await Task.Delay(pause, time, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e);
                Environment.ExitCode = 1;
                lifetime.StopApplication();
                return;
            }
        }
    }

    // A name that is not known yet is told by the socket itself.
    private static bool IsAway(Exception error) => error is PostgresException refused
        ? refused.IsTransient
        : error is NpgsqlException or SocketException or IOException or TimeoutException;

    [LoggerMessage(LogLevel.Warning, "The database is not there yet ({Problem}); the next attempt is in {Seconds} s")]
    private partial void LogWaiting(string problem, double seconds);

    [LoggerMessage(LogLevel.Critical, "The migrations failed; the program stops")]
    private partial void LogFailed(Exception exception);
}
