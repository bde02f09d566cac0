using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Common.Auth;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>The service itself, as it is deployed.</summary>
public sealed class IngestionProcess(string folder, Uri clickHouse, string postgres) : ServerProcess
{
    private static readonly byte[] ClusterKey = new byte[32];

    /// <summary>Further settings, by their names.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>Gives the folder a disk of its own, of this size and for as long as the process lives.</summary>
    public int? DiskMegabytes { get; init; }

    /// <summary>The folder as the process sees it.</summary>
    public string DiskFolder => DiskMegabytes is null ? folder : $"/proc/{ProcessId}/root{folder}";

    public static Metadata Headers { get; } = HeadersOf("agent");

    public static Metadata HeadersOf(string service) => new() { { "authorization", "Bearer " + TokenOf(service) } };

    public static string TokenOf(string service) => ServiceToken.Create(ClusterKey, service);

    public GrpcChannel Connect() => GrpcChannel.ForAddress(Address);

    /// <summary>What the process tells of itself at this moment.</summary>
    public async Task<long> MetricAsync(string series)
    {
        using var http = new HttpClient { BaseAddress = Address };
        var lines = (await http.GetStringAsync("/metrics")).Split('\n');
        var line = Assert.Single(lines, line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return long.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until the database has all that is durable.</summary>
    public Task DrainedAsync() => Wait.UntilAsync("the log is drained", async () => await MetricAsync("mesh_ingestion_log_lag_bytes") == 0);

    protected override ProcessStartInfo Describe()
    {
        var program = Path.Combine(Repository, "artifacts/bin/Mesh.Ingestion/release/Mesh.Ingestion.dll");
        var start = DiskMegabytes is { } size ? OnDisk(size, program) : new ProcessStartInfo("dotnet") { ArgumentList = { program } };
        start.Environment["MESH_LISTEN"] = "127.0.0.1";
        start.Environment["MESH_PORT"] = Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["MESH_CLICKHOUSE"] = clickHouse.ToString();
        start.Environment["MESH_POSTGRES"] = postgres;
        start.Environment["MESH_CONSUL"] = "http://127.0.0.1:1";
        start.Environment["MESH_CLUSTER_KEY"] = Convert.ToBase64String(ClusterKey);
        start.Environment["MESH_DATA"] = folder;
        start.Environment["MESH_OTLP"] = "off";
        foreach (var (name, value) in Settings)
            start.Environment[name] = value;
        return start;
    }

    private ProcessStartInfo OnDisk(int megabytes, string program)
    {
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo("unshare");
        if (!Environment.IsPrivilegedProcess)
            start.ArgumentList.Add("--map-root-user");
        foreach (var argument in new[] { "--mount", "sh", "-c", "mount -t tmpfs -o size=$1m tmpfs \"$2\" && exec dotnet \"$3\"", "sh", $"{megabytes}", folder, program })
            start.ArgumentList.Add(argument);
        return start;
    }

    protected override Task<bool> AnswersAsync(HttpClient http) => IsOkAsync(http, "/healthz/live");
}
