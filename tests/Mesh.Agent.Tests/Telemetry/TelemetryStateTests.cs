using Mesh.Agent.Telemetry;
using Mesh.Agent.Tests.Testing;

namespace Mesh.Agent.Tests.Telemetry;

public sealed class TelemetryStateTests : IDisposable
{
    private static readonly Dictionary<string, LogPosition> Positions = new() { ["a"] = new(1, 100) };
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("here", 4, 0)]
    [InlineData("here", 5, 100)]
    [InlineData("elsewhere", 5, 0)]
    public void After_a_crash_the_log_that_it_was_sent_to_decides_whether_the_last_batch_counts(string log, ulong durable, long offset)
    {
        var before = new TelemetryState(folder["state"]);
        before.Begin("here", 5, Positions);
        var after = new TelemetryState(folder["state"]);
        Assert.Equal("here", after.PendingLog);
        Assert.Equal(offset > 0, after.Acknowledge(log, durable));

        Assert.Null(after.PendingLog);
        Assert.Equal(before.WriterId, after.WriterId);
        Assert.Equal(offset, after.Position("a").Offset);
    }

    [Fact]
    public void What_is_on_disk_can_be_read_where_nothing_can_be_written()
    {
        var before = new TelemetryState(folder["state"]);
        // What the state is written to before it takes its place.
        Directory.CreateDirectory(folder["state"] + ".tmp");
        Assert.Equal(before.WriterId, new TelemetryState(folder["state"]).WriterId);
    }

    [Fact]
    public void Allocations_that_are_gone_are_let_go()
    {
        var state = new TelemetryState(folder["state"]);
        state.Begin("here", 1, Positions);
        state.Acknowledge("here", 1);
        state.Keep(new HashSet<string>());

        Assert.Equal(LogPosition.Beginning, state.Position("a"));
    }
}
