using System.Globalization;
using Mesh.Ingestion.Tests.Scraping;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Gnocchi;

/// <summary>A real Gnocchi is read, and the table has what it says itself.</summary>
[Trait("Needs", "servers")]
public sealed class RealGnocchiTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    // Each reading writes one of these behind what it brings.
    private const string Readings =
        "select count() from samples where tenant = 'cloud' and value = 1 and series in (select id from series where metric = 'up')";

    private const string Resource = "5b8a6cc0-7c7c-4c9d-9a3d-5d0c6b8f1a01";

    [Fact]
    public async Task What_it_answers_is_in_the_table_once()
    {
        await using var gnocchi = await GnocchiProgram.StartAsync();
        await gnocchi.CreatePolicyAsync("fine", ["mean", "max"], ("1s", 7200), ("1m", 600));
        await gnocchi.CreatePolicyAsync("coarse", ["max", "last"], ("1m", 600), ("1h", 100));
        var metrics = await gnocchi.CreateResourceAsync(Resource, ("cpu.util", "%", "fine"), ("disk.used", "B", "coarse"));
        var (cpu, disk) = (metrics["cpu.util"], metrics["disk.used"]);
        var start = Start();
        await gnocchi.PushAsync(cpu, Enumerable.Range(0, 300).Select(i => (start.AddSeconds(i * 0.5), 10 + i % 7 * 0.25)));
        await gnocchi.PushAsync(disk, Enumerable.Range(0, 30).Select(i => (start.AddSeconds(i * 7), 1e9 + i * 4096.0)));

        var targets = new TargetClient(servers.Channel);
        await targets.CreateAsync("cloud", "openstack", gnocchi.Address.ToString(), seconds: 20, Target.Types.Kind.Gnocchi);
        await CompareAsync(targets, await gnocchi.ReadAsync(cpu, "mean", 1), cpu, expected: 150);
        await CompareAsync(targets, await gnocchi.ReadAsync(disk, "last", 60), disk, expected: 4);
        Assert.Equal("", (await targets.ReadAsync("cloud", "openstack")).LastError);
        Assert.Equal(1, await servers.Engine.NumberAsync($$"""
            select count() from series final where tenant = 'cloud' and metric = 'gnocchi_cpu_util' and labels = map(
                'aggregation', 'mean', 'archive_policy', 'fine', 'instance', '{{gnocchi.Address.Authority}}', 'job', 'openstack',
                'metric_id', '{{cpu}}', 'resource_id', '{{Resource}}', 'unit', '%')
            """));

        // Three more seconds, and a measure that changes the aggregate of one that was read: that one stays as it was.
        var before = await gnocchi.ReadAsync(cpu, "mean", 1);
        var later = start.AddSeconds(200);
        await gnocchi.PushAsync(cpu, [(start, 1000), .. Enumerable.Range(0, 6).Select(i => (later.AddSeconds(i * 0.5), 90.0 + i))]);
        var after = await gnocchi.ReadAsync(cpu, "mean", 1);
        Assert.NotEqual(before[start], after[start]);
        await CompareAsync(targets, new Dictionary<DateTimeOffset, double>(after) { [start] = before[start] }, cpu, expected: 153);

        // Read again and again, it is written once.
        var read = await servers.Engine.NumberAsync(Readings);
        await ReadUntilAsync(targets, async () => await servers.Engine.NumberAsync(Readings) >= read + 3);
        Assert.Equal(153, await CountAsync(cpu));
        Assert.Equal(4, await CountAsync(disk));
    }

    // Long enough ago that all of it is read at once, and within one hour, which Gnocchi keeps in one piece: so a reading
    // sees all that was pushed, or nothing.
    private static DateTimeOffset Start()
    {
        var now = TimeProvider.System.GetUtcNow();
        var hour = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero);
        var start = now.AddMinutes(-10);
        start = start < hour ? hour.AddMinutes(-5) : start;
        return new DateTimeOffset(start.Year, start.Month, start.Day, start.Hour, start.Minute, 0, TimeSpan.Zero);
    }

    private async Task CompareAsync(TargetClient targets, IReadOnlyDictionary<DateTimeOffset, double> answered, string metric, int expected)
    {
        Assert.Equal(expected, answered.Count);
        await ReadUntilAsync(targets, async () => await CountAsync(metric) == expected);
        var lines = await servers.Engine.QueryAsync($"select toUnixTimestamp64Milli(toDateTime64(time, 3)), value from samples where {Of(metric)} order by time");
        var rows = lines.Split('\n').Select(line => line.Split('\t')).Select(parts =>
            (DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[0], CultureInfo.InvariantCulture)), double.Parse(parts[1], CultureInfo.InvariantCulture)));
        Assert.Equal(answered.OrderBy(item => item.Key).Select(item => (item.Key, item.Value)), rows);
    }

    private Task<long> CountAsync(string metric) => servers.Engine.NumberAsync($"select count() from samples where {Of(metric)}");

    private static Task ReadUntilAsync(TargetClient targets, Func<Task<bool>> condition) =>
        targets.ReadUntilAsync("cloud", "openstack", "the readings are in the table", condition);

    private static string Of(string metric) =>
        $"tenant = 'cloud' and series in (select id from series where tenant = 'cloud' and labels['metric_id'] = '{metric}')";
}
