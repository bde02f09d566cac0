using Mesh.Common.Auth;
using Mesh.Common.Health;
using Mesh.Common.Hosting;
using Npgsql;

namespace Mesh.Controller.Tokens;

/// <summary>
/// The first operator's token is chosen by whoever installs Mesh and given as MESH_BOOTSTRAP_TOKEN; only its hash is kept.
/// </summary>
internal sealed partial class OperatorToken(
    TokenStore store, IConfiguration configuration, ServerHealth health, TimeProvider time, ILogger<OperatorToken> logger) : BackgroundLoop
{
    // Whoever waits until the controller is ready may use the token at once.
    private readonly HealthCondition _kept = health.Require("operator token");

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        if (configuration["MESH_BOOTSTRAP_TOKEN"] is not { Length: > 0 } secret)
        {
            _kept.Meet();
            return;
        }
        if (!secret.StartsWith(TokenAuthenticator.PersonPrefix, StringComparison.Ordinal) || secret.Length < 40)
            throw new InvalidOperationException("MESH_BOOTSTRAP_TOKEN must begin with `mesh_` and have at least 40 characters.");
        while (!await KeepAsync(secret, stoppingToken)) await Task.Delay(s_pause, time, stoppingToken);
        _kept.Meet();
    }

    private async Task<bool> KeepAsync(string secret, CancellationToken stoppingToken)
    {
        try
        {
            await store.KeepOperatorAsync(secret, stoppingToken);
            return true;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            LogAway(e is NpgsqlException ? null : e, e.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The operator's token cannot be written yet: {Problem}")]
    private partial void LogAway(Exception? exception, string problem);
}
