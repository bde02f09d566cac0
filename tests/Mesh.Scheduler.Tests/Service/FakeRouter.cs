using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Contracts;
using Mesh.Scheduler.V1;
using Mesh.Testing;

namespace Mesh.Scheduler.Tests.Service;

/// <summary>Speaks as a router does: keeps the table and acknowledges each generation, unless a test holds it back.</summary>
public sealed class FakeRouter(EndpointService.EndpointServiceClient client, string id) : IAsyncDisposable
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private AsyncDuplexStreamingCall<EndpointServiceConnectRequest, EndpointServiceConnectResponse>? _call;
    private Task _reading = Task.CompletedTask;

    public ConcurrentDictionary<string, IReadOnlyList<string>> Table { get; } = new();

    public long Generation { get; private set; }

    /// <summary>Whether generations are acknowledged as they come.</summary>
    public bool Acknowledges { get; set; } = true;

    /// <summary>Connects, and returns when it has the table.</summary>
    public async Task ConnectAsync()
    {
        await Wait.UntilAsync($"router {id} is connected", async () =>
        {
            _call = client.Connect(SchedulerFixture.Headers);
            try
            {
                await _call.RequestStream.TryWriteAsync(new() { Hello = new() { RouterId = id } });
                return await _call.ResponseStream.MoveNext();
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled)
            {
                _call.Dispose();
                return false;
            }
        });
        var current = _call!;
        await TakeAsync(current.ResponseStream.Current);
        _reading = Task.Run(() => ReadAsync(current));
    }

    /// <summary>Acknowledges the newest generation.</summary>
    public async Task AcknowledgeAsync()
    {
        // One after the other, and none older than the one before.
        await _writing.WaitAsync();
        try
        {
            await _call!.RequestStream.TryWriteAsync(new() { Acknowledgement = new() { Generation = Generation } });
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _call?.Dispose();
        await _reading;
        _writing.Dispose();
    }

    private async Task TakeAsync(EndpointServiceConnectResponse response)
    {
        if (response.Snapshot)
            Table.Clear();
        foreach (var workload in response.Workloads)
            Table[workload.Workload] = [.. workload.Addresses];
        Generation = response.Generation;
        if (Acknowledges)
            await AcknowledgeAsync();
    }

    private async Task ReadAsync(AsyncDuplexStreamingCall<EndpointServiceConnectRequest, EndpointServiceConnectResponse> call)
    {
        try
        {
            while (await call.ResponseStream.MoveNext())
                await TakeAsync(call.ResponseStream.Current);
        }
        catch (Exception e) when (e is RpcException or ObjectDisposedException)
        {
            // The stream has ended.
        }
    }
}
