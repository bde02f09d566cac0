using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Contracts;
using Mesh.Scheduler.V1;
using Mesh.Testing;

namespace Mesh.Scheduler.Tests.Service;

/// <summary>Speaks as an agent does and runs nothing: what it is told to run is up and healthy at once, unless a test says otherwise.</summary>
public sealed class FakeAgent(NodeService.NodeServiceClient client, string node, int cpuMillis) : IAsyncDisposable
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse>? _call;
    private Task _reading = Task.CompletedTask;

    public ConcurrentDictionary<string, Assignment> Assignments { get; } = new();

    public ConcurrentDictionary<string, string> Forgotten { get; } = new();

    /// <summary>What becomes of an assignment; null answers nothing.</summary>
    public Func<Assignment, AllocationStatus?> Behaviour { get; set; } = Healthy;

    /// <summary>How the last stream ended.</summary>
    public RpcException? End { get; private set; }

    public static AllocationStatus? Healthy(Assignment assignment) => assignment.Desired == Allocation.Types.Desired.Stop
        ? new() { Uid = assignment.Uid, State = Allocation.Types.State.Stopped }
        : new() { Uid = assignment.Uid, State = Allocation.Types.State.Running, Healthy = true, Address = $"10.0.0.1:{Port(assignment.Uid)}" };

    /// <summary>Connects, and returns when it knows what it is to run.</summary>
    public async Task ConnectAsync()
    {
        await Wait.UntilAsync($"{node} is connected", async () =>
        {
            End = null;
            _call = client.Connect(SchedulerFixture.Headers);
            try
            {
                await _call.RequestStream.TryWriteAsync(new ConnectRequest
                {
                    Hello = new()
                    {
                        NodeId = node,
                        Address = "10.0.0.1",
                        Attributes = { ["zone"] = "z1" },
                        Capacity = new() { CpuMillis = cpuMillis, MemoryBytes = 8L << 30, DiskBytes = 100L << 30 },
                    },
                });
                return await _call.ResponseStream.MoveNext();
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled)
            {
                _call.Dispose();
                return false;
            }
        });
        var current = _call!;
        await TakeAsync(current, current.ResponseStream.Current);
        _reading = Task.WhenAll(Task.Run(() => ReadAsync(current)), Task.Run(() => BeatAsync(current)));
    }

    /// <summary>Says how allocations are; whether it could be said.</summary>
    public Task<bool> SayAsync(params AllocationStatus[] statuses) =>
        WriteAsync(_call!, new ConnectRequest { Statuses = new() { Statuses = { statuses } } });

    private async Task<bool> WriteAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call, ConnectRequest request)
    {
        await _writing.WaitAsync();
        try
        {
            return await call.RequestStream.TryWriteAsync(request);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async Task DisconnectAsync()
    {
        _call?.Dispose();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        _writing.Dispose();
    }

    private static int Port(string uid) => 1024 + (int)(Convert.ToUInt32(uid[^8..], 16) % 60_000);

    private async Task BeatAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call)
    {
        while (End is null && await WriteAsync(call, new ConnectRequest { Heartbeat = new() }))
            await Task.Delay(TimeSpan.FromSeconds(1));
    }

    private async Task TakeAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call, ConnectResponse response)
    {
        if (response.Snapshot is not null)
            Assignments.Clear();
        foreach (var uid in response.Change?.Forget ?? [])
        {
            Forgotten[uid] = uid;
            Assignments.TryRemove(uid, out _);
        }
        foreach (var assignment in response.Snapshot?.Assignments ?? response.Change!.Assignments)
        {
            Assignments[assignment.Uid] = assignment;
            if (Behaviour(assignment) is { } status)
                await WriteAsync(call, new ConnectRequest { Statuses = new() { Statuses = { status } } });
        }
    }

    private async Task ReadAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call)
    {
        try
        {
            while (await call.ResponseStream.MoveNext())
                await TakeAsync(call, call.ResponseStream.Current);
        }
        catch (RpcException e)
        {
            End = e;
        }
        catch (ObjectDisposedException)
        {
            // The test has ended the stream.
        }
    }
}
