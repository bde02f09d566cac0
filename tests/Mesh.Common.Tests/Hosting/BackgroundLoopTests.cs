using Grpc.Core;
using Mesh.Common.Hosting;

namespace Mesh.Common.Tests.Hosting;

public sealed class BackgroundLoopTests
{
    [Fact]
    public async Task What_breaks_because_of_the_stop_is_no_failure()
    {
        var started = new TaskCompletionSource();
        using var loop = new Loop(async stop =>
        {
            started.SetResult();
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new RpcException(new Status(StatusCode.Cancelled, "Call canceled by the client."));
        });
        await loop.StartAsync(default);
        await started.Task;
        await loop.StopAsync(default);
        Assert.True(loop.ExecuteTask!.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task What_breaks_before_is()
    {
        using var loop = new Loop(_ => Task.FromException(new InvalidOperationException("broken")));
        await loop.StartAsync(default);
        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.ExecuteTask!);
    }

    private sealed class Loop(Func<CancellationToken, Task> work) : BackgroundLoop
    {
        protected override Task LoopAsync(CancellationToken stoppingToken) => work(stoppingToken);
    }
}
