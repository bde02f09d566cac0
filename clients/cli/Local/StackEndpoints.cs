using System.Globalization;

namespace Mesh.Cli.Local;

/// <summary>Where the parts of a running stack are reached; the content of <c>endpoints.json</c>.</summary>
internal sealed record StackEndpoints(
    string Controller,
    string Builder,
    string Registry,
    string Scheduler,
    string Ingestion,
    string Router,
    string Api,
    string Consul,
    string Postgres,
    string Clickhouse)
{
    public static StackEndpoints Of(StackPorts ports, string postgresPassword)
    {
        string Http(string name) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[name]}");
        return new StackEndpoints(
            Http("controller"), Http("builder"), Http("registry"), Http("scheduler"), Http("ingestion"), Http("router-http"), Http("router-api"),
            Http("consul"), Mesh.Servers.Postgres.ConnectionString(ports["postgres"], "mesh", postgresPassword), Http("clickhouse"));
    }
}
