using Google.Protobuf.WellKnownTypes;
using Mesh.Scheduler.Nodes;
using Mesh.Scheduler.V1;
using State = Mesh.Scheduler.V1.Allocation.Types.State;

namespace Mesh.Scheduler.Tests.Nodes;

/// <summary>What one agent says must never hold up what the others say: all reports are written together.</summary>
public sealed class AllocationReportTests
{
    private static readonly string Uid = new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).ToString();

    [Fact]
    public void What_cannot_be_kept_is_left_out()
    {
        var report = AllocationReport.Of("n1", new AllocationStatus
        {
            Uid = Uid,
            State = State.Running,
            Healthy = true,
            Address = "host.example:80",
            Message = "a\0b" + new string('x', 2000),
            StartTime = new Timestamp { Seconds = long.MaxValue },
            EndTime = new Timestamp { Nanos = -1 },
        })!;
        Assert.Equal(("", null, null), (report.Address, report.StartTime, report.EndTime));
        Assert.StartsWith("abx", report.Message, StringComparison.Ordinal);
        Assert.True(report.Message.Length <= 1000);
    }

    [Theory]
    [InlineData("", State.Running)]
    [InlineData("no uid", State.Running)]
    [InlineData(null, State.Unspecified)]
    [InlineData(null, State.Lost)]
    [InlineData(null, (State)99)]
    [InlineData(null, (State)(-1))]
    public void What_an_agent_may_not_say_is_not_heard(string? uid, State state) =>
        Assert.Null(AllocationReport.Of("n1", new AllocationStatus { Uid = uid ?? Uid, State = state }));
}
