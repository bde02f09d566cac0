using System.Globalization;
using Mesh.Servers;

namespace Mesh.Testing;

/// <summary>One of our own programs as a process of its own, on a port that it keeps when it is started again.</summary>
public sealed class MeshProcess : IAsyncDisposable
{
    private readonly HttpClient client;
    private readonly ServerCommand command;
    private ChildProcess process = null!;

    private MeshProcess(string project, IReadOnlyDictionary<string, string> environment)
    {
        var program = Repository.Program(project);
        if (!File.Exists(program))
            throw new MissingPrerequisiteException($"{project} is not built; run dotnet build of it");
        var port = FreePorts.Next();
        var all = new Dictionary<string, string>
        {
            ["MESH_LISTEN"] = "127.0.0.1",
            ["MESH_ADVERTISE"] = "127.0.0.1",
            ["MESH_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["MESH_OTLP"] = "off",
        };
        foreach (var (name, value) in environment)
            all[name] = value;
        Address = new Uri($"http://127.0.0.1:{all["MESH_PORT"]}");
        client = new HttpClient { BaseAddress = Address };
        command = new ServerCommand(program, []) { Environment = all };
    }

    /// <summary>Where the program serves.</summary>
    public Uri Address { get; }

    public int Id => process.Id;

    /// <summary>The last lines of its log, for a failure's message.</summary>
    public string Output => process.Output;

    /// <summary>Starts a program by its project's name, for instance <c>Mesh.Registry</c>, and waits until it is ready.</summary>
    /// <param name="project">The project; it must have been built, so the test project refers to it.</param>
    /// <param name="environment">Its MESH_… values; address and port are given by the fixture unless named here.</param>
    public static async Task<MeshProcess> StartAsync(string project, IReadOnlyDictionary<string, string> environment)
    {
        var mesh = new MeshProcess(project, environment);
        await mesh.StartAgainAsync();
        return mesh;
    }

    /// <summary>Starts the program again after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        process = ChildProcess.Start(command);
        await Wait.UntilAnswersAsync(client, "/healthz/ready", process);
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync() => process.KillAsync();

    /// <summary>SIGTERM, and SIGKILL when the program has not ended within the grace time.</summary>
    public Task<int> StopAsync(TimeSpan? grace = null) => process.StopAsync(grace);

    public async ValueTask DisposeAsync()
    {
        await process.StopAsync();
        client.Dispose();
    }
}
