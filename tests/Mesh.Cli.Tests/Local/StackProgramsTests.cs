using Mesh.Cli.Local;

namespace Mesh.Cli.Tests.Local;

public sealed class StackProgramsTests
{
    [Theory]
    [InlineData("build-1", "build-1")]
    [InlineData("Host.Example_org", "host-example-org")]
    [InlineData("3e5d1c", "node-3e5d1c")]
    [InlineData("---", "node")]
    public void A_host_name_becomes_a_resource_id(string host, string id) => Assert.Equal(id, StackPrograms.NodeId(host));
}
