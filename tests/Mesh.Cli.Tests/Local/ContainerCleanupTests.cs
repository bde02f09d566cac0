using Mesh.Cli.Local;

namespace Mesh.Cli.Tests.Local;

public sealed class ContainerCleanupTests
{
    [Fact]
    public void Only_mounts_below_the_folder_are_ended_and_the_deepest_first()
    {
        string[] mountInfo =
        [
            "22 1 0:21 / / rw - overlay overlay rw",
            "30 22 0:22 / /home/a/.mesh/agent/x rw - overlay overlay rw",
            "31 30 0:23 / /home/a/.mesh/agent/x/proc\\040dir rw - proc proc rw",
            "32 22 0:24 / /home/a/.mesh/agents rw - tmpfs tmpfs rw",
        ];
        Assert.Equal(
            ["/home/a/.mesh/agent/x/proc dir", "/home/a/.mesh/agent/x"], ContainerCleanup.MountsUnder("/home/a/.mesh/agent", mountInfo));
    }
}
