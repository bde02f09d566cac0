using Mesh.Common.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Tests.Hosting;

public sealed class StoredTimeTests
{
    [Fact]
    public async Task Every_program_has_times_that_PostgreSQL_can_keep()
    {
        await using var server = await TestServer.StartAsync("test");
        var time = server.Services.GetRequiredService<TimeProvider>();
        Assert.IsType<StoredTime>(time);
        for (var i = 0; i < 100; i++) Assert.Equal(0, time.GetUtcNow().Ticks % TimeSpan.TicksPerMicrosecond);
    }
}
