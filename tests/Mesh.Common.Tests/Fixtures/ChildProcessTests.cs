using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.Common.Tests.Fixtures;

[Trait("Needs", "servers")]
public sealed class ChildProcessTests
{
    [Fact]
    public async Task Output_is_kept_and_the_exit_code_told()
    {
        await using var child = ChildProcess.Start(new ServerCommand("/bin/sh", ["-c", "echo hello; exit 3"]));
        await child.WaitForExitAsync(CancellationToken.None);
        Assert.Equal(3, await child.StopAsync());
        Assert.Contains("hello", child.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_ignores_the_request_to_end_is_killed()
    {
        await using var child = ChildProcess.Start(
            new ServerCommand("/bin/sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]));
        await Wait.UntilAsync("the shell ignores the signal", () => child.Output.Contains("ready", StringComparison.Ordinal));
        await child.StopAsync(TimeSpan.FromMilliseconds(200));
        Assert.True(child.HasExited);
        Assert.Null(LinuxProcess.StartOf(child.Id));
    }
}
