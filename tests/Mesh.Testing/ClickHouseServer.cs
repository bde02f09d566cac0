using Mesh.Servers;

namespace Mesh.Testing;

/// <summary>A ClickHouse server of a fixture's own. It can be killed and started again with the same data at the same address.</summary>
public sealed class ClickHouseServer : IAsyncDisposable
{
    private readonly TestFolder folder = new();
    private readonly ClickHouse clickHouse;
    private readonly HttpClient client;
    private readonly int port = FreePorts.Next();
    private ChildProcess process = null!;

    private ClickHouseServer()
    {
        clickHouse = new ClickHouse(folder.Path);
        client = new HttpClient { BaseAddress = Address };
    }

    /// <summary>Where the server speaks HTTP.</summary>
    public Uri Address => new($"http://127.0.0.1:{port}");

    public int Id => process.Id;

    public static async Task<ClickHouseServer> StartAsync()
    {
        var server = new ClickHouseServer();
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts the server again after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        process = ChildProcess.Start(clickHouse.Command(port));
        await Wait.UntilAnswersAsync(client, "/ping", process);
    }

    /// <summary>SIGKILL: the server loses what it has not written.</summary>
    public Task KillAsync() => process.KillAsync();

    public Task StopAsync() => process.StopAsync();

    /// <summary>Runs one statement and returns its output, as tab-separated values unless the statement says otherwise.</summary>
    public async Task<string> QueryAsync(string sql)
    {
        using var content = new StringContent(sql);
        using var response = await client.PostAsync(new Uri("/", UriKind.Relative), content);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? text.TrimEnd('\n') : throw new InvalidOperationException(text);
    }

    public async ValueTask DisposeAsync()
    {
        await process.KillAsync();
        client.Dispose();
        folder.Dispose();
    }
}
