using Mesh.Agent.Scheduling;

namespace Mesh.Agent.Tests.Scheduling;

public sealed class StatusOutboxTests
{
    [Fact]
    public async Task What_is_told_after_the_end_of_a_stream_breaks_nobody()
    {
        var outbox = new StatusOutbox();
        outbox.Add(["one", "two"]);
        Assert.Equal(["one", "two"], (await outbox.TakeAsync(TimeSpan.FromMinutes(1), default)).Order());
        outbox.Dispose();
        outbox.Add(["three"]);
    }
}
