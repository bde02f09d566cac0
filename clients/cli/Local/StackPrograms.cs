using System.Globalization;
using System.Net;
using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>The programs of a stack in the order of their start, each with its environment.</summary>
internal sealed class StackPrograms(StackFolder folder, StackPorts ports, HttpClient client)
{
    private readonly StackEndpoints endpoints = StackEndpoints.Of(ports, folder.PostgresPassword());

    /// <summary>A mark in the environment of all processes of the stack, by which their descendants are known.</summary>
    public static string Mark(StackFolder folder) => "MESH_LOCAL_STACK=" + folder.Path;

    public IReadOnlyList<StackProgram> All() =>
    [
        PostgresServer(),
        ClickHouseServer(),
        ConsulServer(),
        Service("controller", 2, new() { ["MESH_BOOTSTRAP_TOKEN"] = folder.OperatorToken(), ["MESH_PUBLIC_URL"] = PublicUrl }),
        Service("scheduler", 2),
        Service("registry", 2),
        Service("ingestion", 2),
        Service("builder", 2, BuilderEnvironment()),
        Service("agent", 3, new() { ["MESH_AGENT_ID"] = NodeId(Dns.GetHostName()), ["MESH_AGENT_ON_STOP"] = "stop" })
            with { Grace = TimeSpan.FromSeconds(45) }, // it first stops the applications, each with a grace time of its own
        Router(),
    ];

    private string PublicUrl => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{ports["router-http"]}");

    /// <summary>The host's name as a resource id.</summary>
    internal static string NodeId(string host)
    {
        var id = new string([.. host.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-');
        id = id.Length > 0 && char.IsAsciiLetter(id[0]) ? id : "node-" + id;
        return id[..Math.Min(id.Length, 63)].Trim('-');
    }

    private StackProgram PostgresServer()
    {
        var postgres = new Postgres(folder.In("postgres"));
        var port = ports["postgres"];
        return Program("postgres", StackProgram.Stores, postgres.Command(port, "max_connections=300", "shared_buffers=128MB"), cancellation => Postgres.AcceptsAsync(port, cancellation))
            with { Prepare = cancellation => postgres.InitializeAsync(folder.PostgresPassword(), cancellation, database: "mesh") };
    }

    private StackProgram ClickHouseServer() =>
        Program("clickhouse", StackProgram.Stores, new ClickHouse(folder.In("clickhouse")).Command(ports["clickhouse"]), Answers(endpoints.Clickhouse + "/ping"));

    private StackProgram ConsulServer() =>
        Program(
            "consul",
            1,
            Consul.Persistent(folder.In("consul"), new ConsulPorts(ports["consul"], ports["consul-server"], ports["consul-serf"])),
            Answers(endpoints.Consul + "/v1/status/leader", answer => answer.Contains(':', StringComparison.Ordinal)));

    private StackProgram Router()
    {
        var edge = new EdgeProbe(client, endpoints.Api);
        var program = Service(
            "router", 3, new() { ["MESH_ROUTER_HTTP_PORT"] = Text(ports["router-http"]), ["MESH_ROUTER_API_PORT"] = Text(ports["router-api"]) });
        return program with
        {
            IsReady = async cancellation => await program.IsReady(cancellation) && await edge.IsReadyAsync(cancellation),
        };
    }

    private StackProgram Service(string name, int stage, Dictionary<string, string>? own = null)
    {
        var program = Repository.Program("Mesh." + char.ToUpperInvariant(name[0]) + name[1..]);
        if (!File.Exists(program))
            throw new MissingPrerequisiteException($"{name} is not built; run make build");
        var environment = new Dictionary<string, string>(own ?? [])
        {
            ["MESH_LISTEN"] = "127.0.0.1",
            ["MESH_ADVERTISE"] = "127.0.0.1",
            ["MESH_PORT"] = Text(ports[name]),
            ["MESH_CONSUL"] = endpoints.Consul,
            ["MESH_POSTGRES"] = endpoints.Postgres,
            ["MESH_CLICKHOUSE"] = endpoints.Clickhouse,
            ["MESH_CLUSTER_KEY"] = folder.ClusterKey(),
            ["MESH_DATA"] = folder.In(name),
            ["MESH_DOMAIN"] = "localhost",
            // Seven servers and their tables fit a small machine better when each keeps its heap small.
            ["DOTNET_gcServer"] = "0",
            ["DOTNET_GCConserveMemory"] = "5",
        };
        var health = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[name]}/healthz/ready");
        return Program(name, stage, new ServerCommand(program, []) { Environment = environment }, Answers(health));
    }

    private StackProgram Program(string name, int stage, ServerCommand command, Func<CancellationToken, Task<bool>> isReady) =>
        new(name, stage, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[name]}"), Marked(command), isReady);

    private ServerCommand Marked(ServerCommand command)
    {
        var mark = Mark(folder).Split('=', 2);
        return command with { Environment = new Dictionary<string, string>(command.Environment) { [mark[0]] = mark[1] } };
    }

    private Func<CancellationToken, Task<bool>> Answers(string url, Func<string, bool>? accepts = null) => async cancellation =>
    {
        try
        {
            using var response = await client.GetAsync(new Uri(url), cancellation);
            return response.IsSuccessStatusCode && (accepts is null || accepts(await response.Content.ReadAsStringAsync(cancellation)));
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    };

    private static Dictionary<string, string> BuilderEnvironment()
    {
        var make = Path.Combine(Repository.Root, "eng", "stacks");
        return new()
        {
            ["MESH_BUILDER_STACKS"] = StacksFolder(),
            ["MESH_BUILDER_STACKS_COMMAND"] = make,
            // On one's own machine, builds may fetch their dependencies.
            ["MESH_BUILDER_NETWORK"] = Environment.GetEnvironmentVariable("MESH_BUILDER_NETWORK") is { Length: > 0 } network ? network : "host",
        };
    }

    // Where eng/stacks puts what it makes.
    private static string StacksFolder() =>
        Environment.GetEnvironmentVariable("MESH_STACKS") is { Length: > 0 } given ? given
        : LinuxProcess.IsRoot ? "/var/cache/mesh/stacks"
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "mesh",
            "stacks");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
