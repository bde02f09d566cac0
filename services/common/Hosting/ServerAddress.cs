using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;

namespace Mesh.Common.Hosting;

/// <summary>Where this server listens, known once it has started.</summary>
public sealed class ServerAddress
{
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServerAddress(IServer server, IHostApplicationLifetime lifetime) => lifetime.ApplicationStarted.Register(() =>
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        foreach (var address in addresses)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.IsDefaultPort) continue;
            _port.TrySetResult(url.Port);
            return;
        }
    });

    /// <summary>The port; waits for the start.</summary>
    public Task<int> PortAsync(CancellationToken cancellationToken) => _port.Task.WaitAsync(cancellationToken);
}
