using System.Text;
using System.Text.Json.Serialization;
using Mesh.Common.Consul;
using Mesh.Ingestion.Scraping;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Targets;
using Mesh.Ingestion.Telemetry;
using Microsoft.AspNetCore.WebUtilities;

namespace Mesh.Ingestion.ServiceDiscovery;

/// <summary>
/// One entry of Prometheus's HTTP service discovery (prometheus.io, "HTTP SD"). Its labels make a Prometheus read the target as
/// Mesh does, and give the series the same labels: read by both, it is one series.
/// </summary>
internal sealed record TargetGroup(
    [property: JsonPropertyName("targets")] IReadOnlyList<string> Targets,
    [property: JsonPropertyName("labels")] IReadOnlyDictionary<string, string> Labels)
{
    private const string Meta = "__meta_mesh_";

    /// <summary>The entry of a target; null where a Prometheus cannot read it: it is no text, or its query cannot be put in labels.</summary>
    public static TargetGroup? Of(Target target)
    {
        if (!TargetUrl.ShowsText(target.Kind))
            return null;
        var address = TargetUrl.Of(target);
        var labels = new Dictionary<string, string>(target.Labels.Values, StringComparer.Ordinal);
        labels.TryAdd("job", target.Id);
        labels.TryAdd("instance", address.Authority);
        labels["__scheme__"] = address.Scheme;
        labels["__metrics_path__"] = address.AbsolutePath;
        foreach (var (name, values) in QueryHelpers.ParseQuery(address.Query))
        {
            if (values.Count != 1 || !Names.IsLabel(Encoding.UTF8.GetBytes("__param_" + name)))
                return null;
            labels["__param_" + name] = values[0]!;
        }

        labels["__scrape_interval__"] = $"{target.IntervalMilliseconds}ms";
        labels["__scrape_timeout__"] = $"{(long)TargetUrl.PatienceOf(target).TotalMilliseconds}ms";
        labels[Meta + "tenant"] = target.Tenant;
        labels[Meta + "target"] = target.Id;
        labels[Meta + "kind"] = Word(target.Kind);
        labels[Meta + "state"] = Word(target.State);
        return new TargetGroup([HostAndPort(address)], labels);
    }

    /// <summary>The entry of one of Mesh's own programs.</summary>
    public static TargetGroup Of(string service, ServiceInstance instance)
    {
        var address = HostAndPort(new UriBuilder("http", instance.Address, instance.Port).Uri);
        return new TargetGroup([address], new Dictionary<string, string>
        {
            ["job"] = service,
            ["instance"] = address,
            ["__scheme__"] = "http",
            ["__metrics_path__"] = "/metrics",
            [Meta + "tenant"] = WriteScope.Platform,
            [Meta + "kind"] = "service",
            [Meta + "service"] = service,
            [Meta + "instance"] = instance.Id,
        });
    }

    private static string HostAndPort(Uri address) => address.IsDefaultPort ? $"{address.Authority}:{address.Port}" : address.Authority;

    private static string Word<T>(T value)
        where T : struct, Enum => $"{value}".ToLowerInvariant();
}
