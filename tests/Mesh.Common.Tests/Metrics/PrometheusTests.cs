using System.Diagnostics.Metrics;
using Mesh.Common.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Tests.Metrics;

public sealed class PrometheusTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MetricReader _reader;
    private readonly Meter _meter;

    public PrometheusTests()
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        _reader = new MetricReader(factory);
        _meter = factory.Create("Mesh.Test");
    }

    [Fact]
    public void A_counter_adds_up_for_each_set_of_labels()
    {
        var counter = _meter.CreateCounter<long>("mesh.test.jobs", description: "Jobs \\ done\nhere");
        counter.Add(1, new KeyValuePair<string, object?>("queue", "a\"b\\c\nd"));
        counter.Add(2, new KeyValuePair<string, object?>("queue", "a\"b\\c\nd"));
        counter.Add(5);
        Assert.Equal(
            [
                "# HELP mesh_test_jobs_total Jobs \\\\ done\\nhere", "# TYPE mesh_test_jobs_total counter", "mesh_test_jobs_total 5",
                "mesh_test_jobs_total{queue=\"a\\\"b\\\\c\\nd\"} 3",
            ],
            Lines("mesh_test_jobs"));
    }

    [Fact]
    public void A_histogram_has_cumulative_buckets()
    {
        var histogram = _meter.CreateHistogram(
            "mesh.test.wait", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.125, 1] });
        foreach (var value in new[] { 0.0625, 0.125, 0.5, 7 }) histogram.Record(value, new KeyValuePair<string, object?>("k", "v"));
        Assert.Equal(
            [
                "# TYPE mesh_test_wait_seconds histogram", "mesh_test_wait_seconds_bucket{k=\"v\",le=\"+Inf\"} 4",
                "mesh_test_wait_seconds_bucket{k=\"v\",le=\"0.125\"} 2", "mesh_test_wait_seconds_bucket{k=\"v\",le=\"1\"} 3",
                "mesh_test_wait_seconds_count{k=\"v\"} 4", "mesh_test_wait_seconds_sum{k=\"v\"} 7.6875",
            ],
            Lines("mesh_test_wait"));
    }

    [Fact]
    public void Gauges_show_the_present()
    {
        var now = new Measurement<int>[] { new(3, new KeyValuePair<string, object?>("n", 1)), new(4, new KeyValuePair<string, object?>("n", 2)) };
        _meter.CreateObservableGauge("mesh.test.depth", () => now);
        var open = _meter.CreateUpDownCounter<int>("mesh.test.open");
        open.Add(5);
        open.Add(-2);
        _meter.CreateGauge<double>("mesh.test.last").Record(double.NaN);
        Assert.Equal(["# TYPE mesh_test_depth gauge", "mesh_test_depth{n=\"1\"} 3", "mesh_test_depth{n=\"2\"} 4"], Lines("mesh_test_depth"));
        Assert.Equal(["# TYPE mesh_test_open gauge", "mesh_test_open 3"], Lines("mesh_test_open"));
        Assert.Equal(["# TYPE mesh_test_last gauge", "mesh_test_last NaN"], Lines("mesh_test_last"));
        now = [new(9, new KeyValuePair<string, object?>("n", 2))];
        Assert.Equal(["# TYPE mesh_test_depth gauge", "mesh_test_depth{n=\"2\"} 9"], Lines("mesh_test_depth"));
    }

    [Fact]
    public void The_number_of_series_is_bounded()
    {
        var counter = _meter.CreateCounter<long>("mesh.test.many");
        for (var i = 0; i < 5000; i++) counter.Add(1, new KeyValuePair<string, object?>("id", i));
        var lines = Lines("mesh_test_many");
        Assert.InRange(lines.Length, 2000, 2010);
        Assert.Contains("mesh_test_many_total{overflow=\"true\"} 3000", lines);
    }

    [Fact]
    public void No_measurement_is_lost_between_threads()
    {
        var counter = _meter.CreateCounter<double>("mesh.test.sum");
        Parallel.For(0, 20_000, _ => counter.Add(1));
        Assert.Contains("mesh_test_sum_total 20000", Lines("mesh_test_sum"));
    }

    public void Dispose()
    {
        _reader.Dispose();
        _services.Dispose();
    }

    private string[] Lines(string name) =>
        [.. PrometheusText.Write(_reader.Read()).Split('\n').Where(l => l.Contains(name, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
