using Mesh.Ingestion.Otlp;

namespace Mesh.Ingestion.Tests.Otlp;

public sealed class MetricNamesTests
{
    [Theory]
    [InlineData("http.server.request.duration", "s", (int)OtlpKind.Histogram, "http_server_request_duration_seconds")]
    [InlineData("system.filesystem.usage", "By", (int)OtlpKind.Sum, "system_filesystem_usage_bytes")]
    [InlineData("memory_bytes", "By", (int)OtlpKind.Gauge, "memory_bytes")]
    [InlineData("system.network.dropped", "{packets}", (int)OtlpKind.Gauge, "system_network_dropped")]
    [InlineData("system.network.dropped", "packets", (int)OtlpKind.Gauge, "system_network_dropped_packets")]
    [InlineData("system.memory.utilization", "1", (int)OtlpKind.Gauge, "system_memory_utilization_ratio")]
    [InlineData("process.threads", "1", (int)OtlpKind.Sum, "process_threads")]
    [InlineData("astro.light.speed", "m/s", (int)OtlpKind.Gauge, "astro_light_speed_meters_per_second")]
    [InlineData("disk.io", "By/s", (int)OtlpKind.Gauge, "disk_io_bytes_per_second")]
    [InlineData("requests", "{request}/m", (int)OtlpKind.Gauge, "requests_per_minute")]
    [InlineData("weight", "kg", (int)OtlpKind.Gauge, "weight_kg")]
    [InlineData("odd", " foo-bar ", (int)OtlpKind.Gauge, "odd_foo_bar")]
    [InlineData("bare", "", (int)OtlpKind.Gauge, "bare")]
    [InlineData("bare", "/", (int)OtlpKind.Gauge, "bare")]
    public void The_unit_is_part_of_the_name(string metric, string unit, int kind, string expected) =>
        Assert.Equal(expected, MetricNames.Of(metric, unit, (OtlpKind)kind, monotonic: false));

    [Theory]
    [InlineData("http.requests", "{request}", "http_requests_total")]
    [InlineData("io", "By", "io_bytes_total")]
    [InlineData("io_total", "By", "io_bytes_total")]
    [InlineData("io_bytes_total", "By", "io_bytes_total")]
    [InlineData("hits", "1", "hits_total")]
    public void What_only_grows_is_a_total(string metric, string unit, string expected) =>
        Assert.Equal(expected, MetricNames.Of(metric, unit, OtlpKind.Sum, monotonic: true));
}
