using Mesh.Common.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Tests.Hosting;

public sealed class MeshRunTests
{
    private readonly First _first = new();

    [Fact]
    public async Task A_program_that_is_asked_to_stop_while_it_starts_stops_what_it_has_begun()
    {
        var slow = new Second(token => Task.Delay(Timeout.Infinite, token));
        var app = Build(slow);
        var running = app.RunMeshAsync();
        await slow.Begun.Task;

        // As SIGTERM does it.
        app.Lifetime.StopApplication();

        Assert.Equal(0, await running);
        Assert.True(_first.IsStopped);
    }

    [Fact]
    public async Task A_program_that_cannot_start_says_why_and_leaves_what_runs_as_it_is()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Build(new Second(_ => throw new InvalidOperationException("There is no disk."))).RunMeshAsync());

        Assert.Equal("There is no disk.", failure.Message);
        Assert.False(_first.IsStopped);
    }

    private WebApplication Build(Second second)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<IHostedService>(_first).AddSingleton<IHostedService>(second);
        return builder.Build();
    }

    private sealed class First : IHostedService
    {
        public bool IsStopped { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            IsStopped = true;
            return Task.CompletedTask;
        }
    }

    private sealed class Second(Func<CancellationToken, Task> start) : IHostedService
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Begun.SetResult();
            return start(cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
