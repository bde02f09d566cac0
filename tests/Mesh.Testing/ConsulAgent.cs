using Mesh.Servers;

namespace Mesh.Testing;

/// <summary>A Consul agent of a fixture's own, without memory. It can be killed and started again at the same address.</summary>
public sealed class ConsulAgent : IAsyncDisposable
{
    private readonly ConsulPorts ports = ConsulPorts.Free();
    private readonly HttpClient client;
    private ChildProcess process = null!;

    private ConsulAgent() => client = new HttpClient { BaseAddress = Address };

    /// <summary>Where the agent speaks HTTP.</summary>
    public Uri Address => new($"http://127.0.0.1:{ports.Http}");

    public int Id => process.Id;

    public static async Task<ConsulAgent> StartAsync()
    {
        var agent = new ConsulAgent();
        await agent.StartAgainAsync();
        return agent;
    }

    /// <summary>Starts the agent again, with nothing registered, and waits until it has a leader.</summary>
    public async Task StartAgainAsync()
    {
        process = ChildProcess.Start(Consul.InMemory(ports));
        await Wait.UntilAnswersAsync(client, "/v1/status/leader", process, answer => answer.Contains(':', StringComparison.Ordinal));
    }

    public Task KillAsync() => process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        await process.KillAsync();
        client.Dispose();
    }
}
