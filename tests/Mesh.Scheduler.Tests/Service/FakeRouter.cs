using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Contracts;
using Mesh.Scheduler.V1;
using Mesh.Testing;

namespace Mesh.Scheduler.Tests.Service;

/// <summary>Speaks as a router does: keeps the table and acknowledges each generation, unless a test holds it back.</summary>
public sealed class FakeRouter(EndpointService.EndpointServiceClient client, string id) : IAsyncDisposable
{
    private AsyncDuplexStreamingCall<EndpointServiceConnectRequest, EndpointServiceConnectResponse>? _call;
    private Task _reading = Task.CompletedTask;

    public ConcurrentDictionary<string, IReadOnlyList<string>> Table { get; } = new();

    public long Generation { get; private set; }

    /// <summary>Whether generations are acknowledged as they come.</summary>
    public bool Acknowledges { get; set; } = true;

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
        _reading = Task.Run(() => ReadAsync(current));
    }

    public Task<bool> AcknowledgeAsync(long generation) =>
        _call!.RequestStream.TryWriteAsync(new() { Acknowledgement = new() { Generation = generation } });

    public async ValueTask DisposeAsync()
    {
        _call?.Dispose();
        await _reading;
    }

    private async Task ReadAsync(AsyncDuplexStreamingCall<EndpointServiceConnectRequest, EndpointServiceConnectResponse> call)
    {
        try
        {
            do
            {
                var response = call.ResponseStream.Current;
                if (response.Snapshot)
                    Table.Clear();
                foreach (var workload in response.Workloads)
                    Table[workload.Workload] = [.. workload.Addresses];
                Generation = response.Generation;
                if (Acknowledges)
                    await AcknowledgeAsync(response.Generation);
            }
            while (await call.ResponseStream.MoveNext());
        }
        catch (Exception e) when (e is RpcException or ObjectDisposedException)
        {
            // The stream has ended.
        }
    }
}
