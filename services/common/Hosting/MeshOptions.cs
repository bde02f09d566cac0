using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Hosting;

/// <summary>What every program reads from its environment. A wrong value stops the program at start with one clear sentence.</summary>
public sealed record MeshOptions
{
    /// <summary>The service's own name, for instance `registry`; also its name in Consul and its schema.</summary>
    public required string Service { get; init; }

    /// <summary>MESH_LISTEN: the address to listen on.</summary>
    public IPAddress Listen { get; init; } = IPAddress.Any;

    /// <summary>MESH_PORT: the port to listen on; 0 means any free one.</summary>
    public int Port { get; init; }

    /// <summary>MESH_ADVERTISE: the address that others reach this program at.</summary>
    public string Advertise { get; init; } = "127.0.0.1";

    /// <summary>MESH_CONSUL: the Consul agent.</summary>
    public Uri Consul { get; init; } = new("http://127.0.0.1:8500");

    /// <summary>MESH_POSTGRES: a connection string whose role may create roles and schemas.</summary>
    public string? Postgres { get; init; }

    /// <summary>MESH_CLICKHOUSE: the HTTP interface of ClickHouse.</summary>
    public Uri? ClickHouse { get; init; }

    /// <summary>MESH_CLUSTER_KEY: 32 bytes that all programs of one cluster share.</summary>
    public required byte[] ClusterKey { get; init; }

    /// <summary>MESH_DATA: the program's own folder.</summary>
    public string Data { get; init; } = "data";

    /// <summary>MESH_DOMAIN: the base domain of apps.</summary>
    public string Domain { get; init; } = "localhost";

    /// <summary>MESH_OTLP: whether own traces and metrics go to ingestion.</summary>
    public bool Otlp { get; init; } = true;

    /// <summary>MESH_LOG_LEVEL: the least level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>MESH_DRAIN_SECONDS: how long calls are still taken after the program has left Consul.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>MESH_TRACES_PER_SECOND: how many calls without a sampled parent are traced each second.</summary>
    public int TracesPerSecond { get; init; } = 20;

    /// <summary>This run of this program, for logs, metrics and Consul.</summary>
    public string InstanceId { get; init; } = Guid.CreateVersion7().ToString("N");

    internal static MeshOptions Read(string service, IConfiguration configuration)
    {
        var read = new ConfigurationReader(configuration);
        var listen = read.Address("MESH_LISTEN") ?? IPAddress.Any;
        var defaults = new MeshOptions { Service = service, ClusterKey = [] };
        return defaults with
        {
            Listen = listen,
            Port = read.Number("MESH_PORT", 0, 65535) ?? 0,
            Advertise = read.Text("MESH_ADVERTISE") ?? (listen.Equals(IPAddress.Any) ? Dns.GetHostName() : listen.ToString()),
            Consul = read.Url("MESH_CONSUL") ?? defaults.Consul,
            Postgres = read.Text("MESH_POSTGRES"),
            ClickHouse = read.Url("MESH_CLICKHOUSE"),
            ClusterKey = read.Key("MESH_CLUSTER_KEY", 32),
            Data = read.Text("MESH_DATA") ?? defaults.Data,
            Domain = read.Text("MESH_DOMAIN") ?? defaults.Domain,
            Otlp = read.Switch("MESH_OTLP") ?? true,
            LogLevel = read.Choice<LogLevel>("MESH_LOG_LEVEL") ?? LogLevel.Information,
            Drain = TimeSpan.FromSeconds(read.Number("MESH_DRAIN_SECONDS", 0, 600) ?? 1),
            TracesPerSecond = read.Number("MESH_TRACES_PER_SECOND", 0, 1_000_000) ?? defaults.TracesPerSecond,
        };
    }
}
