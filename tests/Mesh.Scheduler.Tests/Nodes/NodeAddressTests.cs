using Mesh.Scheduler.Nodes;

namespace Mesh.Scheduler.Tests.Nodes;

public sealed class NodeAddressTests
{
    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("::1", true)]
    [InlineData("", false)]
    [InlineData("host.example", false)]
    [InlineData("localhost", false)]
    [InlineData("10.1", false)]
    [InlineData("010.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("ff02::1", false)]
    [InlineData("fe80::1%1", false)]
    [InlineData("10.0.0.1 ", false)]
    [InlineData("10.0.0.1; } server { }", false)]
    public void A_node_has_an_ip_address(string address, bool expected) => Assert.Equal(expected, NodeAddress.IsHost(address));

    [Theory]
    [InlineData("10.0.0.1:80", true)]
    [InlineData("[::1]:80", true)]
    [InlineData("10.0.0.1:0", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("host:80", false)]
    [InlineData("10.0.0.1:80;", false)]
    [InlineData("0.0.0.0:80", false)]
    public void An_allocation_has_an_ip_address_and_a_port(string address, bool expected) => Assert.Equal(expected, NodeAddress.IsEndpoint(address));
}
