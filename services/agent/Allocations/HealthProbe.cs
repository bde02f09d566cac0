using System.Net.Sockets;
using Mesh.Agent.Runtime;

namespace Mesh.Agent.Allocations;

/// <summary>Makes one health check.</summary>
public sealed class HealthProbe(IContainerRuntime runtime, AllocationStore store) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.Zero,
    });

    public void Dispose() => http.Dispose();

    /// <summary>Answers null when the process works, else what is wrong.</summary>
    public async Task<string?> CheckAsync(Allocation allocation, CancellationToken cancellation)
    {
        var check = allocation.Spec.Health;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(check.Timeout);
        try
        {
            return check.Kind switch
            {
                HealthCheckKind.Http => await HttpAsync(allocation.Port, check.Path, limited.Token),
                HealthCheckKind.Tcp => await TcpAsync(allocation.Port, limited.Token),
                HealthCheckKind.Exec => await ExecAsync(allocation, limited.Token),
                _ => null,
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer within {check.Timeout.TotalSeconds:0.#} s";
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // A command that cannot be run is as wrong as one that fails.
            return e.Message;
        }
    }

    private async Task<string?> HttpAsync(int port, string path, CancellationToken cancellation)
    {
        if (LocalUrl.Of(port, path) is not { } url) return $"{path} is no path";
        using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return (int)response.StatusCode is >= 200 and < 400 ? null : $"GET {path} answered {(int)response.StatusCode}";
    }

    private static async Task<string?> TcpAsync(int port, CancellationToken cancellation)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port, cancellation);
        return null;
    }

    private async Task<string?> ExecAsync(Allocation allocation, CancellationToken cancellation)
    {
        var uid = allocation.Spec.Uid;
        var code = await runtime.ExecuteAsync(uid, store.Folder(uid), allocation.Spec.Health.Command, cancellation);
        return code == 0 ? null : $"the command ended with exit code {code}";
    }
}
