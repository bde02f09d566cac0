using Mesh.Common.Consul;
using Mesh.Router.Routing;

namespace Mesh.Router.Tests.Routing;

public sealed class ServiceAddressesTests
{
    [Fact]
    public async Task Nginx_is_given_ip_addresses_only()
    {
        ServiceInstance[] instances =
        [
            new("c", "10.0.0.2", 80), new("b", "10.0.0.1", 80), new("b2", "10.0.0.1", 80), new("six", "2001:db8::1", 80),
            new("named", "localhost", 81), new("unknown", "no-such-host.invalid", 80), new("odd", new string('x', 300), 80),
        ];
        Assert.Equal(
            ["10.0.0.1:80", "10.0.0.2:80", "127.0.0.1:81", "[2001:db8::1]:80"],
            (await ServiceAddresses.OfAsync(instances, default)).AsEnumerable());
    }
}
