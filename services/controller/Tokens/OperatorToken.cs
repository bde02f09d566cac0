using Mesh.Common.Auth;
using Mesh.Common.Health;
using Mesh.Common.Hosting;

namespace Mesh.Controller.Tokens;

/// <summary>
/// The first operator's token is chosen by whoever installs Mesh and given as MESH_BOOTSTRAP_TOKEN; only its hash is kept.
/// </summary>
internal sealed class OperatorToken(
    TokenStore store, IConfiguration configuration, ServerHealth health, TimeProvider time, ILogger<OperatorToken> logger) : BackgroundLoop
{
    // Whoever waits until the controller is ready may use the token at once.
    private readonly HealthCondition _kept = health.Require("operator token");

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        if (configuration["MESH_BOOTSTRAP_TOKEN"] is not { Length: > 0 } secret)
        {
            _kept.Meet();
            return;
        }
        if (!secret.StartsWith(TokenAuthenticator.PersonPrefix, StringComparison.Ordinal) || secret.Length < 40)
            throw new InvalidOperationException("MESH_BOOTSTRAP_TOKEN must begin with `mesh_` and have at least 40 characters.");
        await new Rounds("The operator's token cannot be written yet", time, logger).UntilDoneAsync(stop => store.KeepOperatorAsync(secret, stop), stoppingToken);
        _kept.Meet();
    }
}
