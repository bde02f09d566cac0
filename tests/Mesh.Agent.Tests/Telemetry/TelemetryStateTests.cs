using Mesh.Agent.Telemetry;
using Mesh.Agent.Tests.Testing;

namespace Mesh.Agent.Tests.Telemetry;

public sealed class TelemetryStateTests : IDisposable
{
    private static readonly Dictionary<string, LogPosition> Positions = new() { ["a"] = new(1, 100) };
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(4, 0)]
    [InlineData(5, 100)]
    public void After_a_crash_ingestion_decides_whether_the_last_batch_counts(ulong durable, long offset)
    {
        var before = new TelemetryState(folder["state"]);
        before.Begin(5, Positions);
        var after = new TelemetryState(folder["state"]);
        after.Acknowledge(durable);

        Assert.Equal(before.WriterId, after.WriterId);
        Assert.Equal(offset, after.Position("a").Offset);
    }

    [Fact]
    public void Allocations_that_are_gone_are_let_go()
    {
        var state = new TelemetryState(folder["state"]);
        state.Begin(1, Positions);
        state.Acknowledge(1);
        state.Keep(new HashSet<string>());

        Assert.Equal(LogPosition.Beginning, state.Position("a"));
    }
}
