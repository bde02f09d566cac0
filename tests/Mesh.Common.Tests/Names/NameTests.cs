using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Common.Tests.Names;

public sealed class NameTests
{
    private const string Uid = "0198f7a0-0000-7000-8000-000000000001";

    public static TheoryData<string, Func<string, object>> Good => new()
    {
        { "tenants/acme", v => TenantName.Parse(v) },
        { "tenants/acme/apps/shop", v => AppName.Parse(v) },
        { "tenants/acme/apps/shop/releases/7", v => ReleaseName.Parse(v) },
        { "tenants/acme/apps/shop/deployments/production", v => DeploymentName.Parse(v) },
        { $"tenants/acme/apps/shop/builds/{Uid}", v => BuildName.Parse(v) },
        { $"tenants/acme/apps/shop/sources/{Uid}", v => SourceName.Parse(v) },
        { "tenants/acme/workloads/shop-production-web", v => WorkloadName.Parse(v) },
        { $"tenants/acme/workloads/shop-production-web/allocations/{Uid}", v => AllocationName.Parse(v) },
        { "nodes/worker-1", v => NodeName.Parse(v) },
        { "tenants/acme/repositories/shop", v => RepositoryName.Parse(v) },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void A_name_is_written_as_it_was_read(string value, Func<string, object> parse) => Assert.Equal(value, parse(value).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("acme")]
    [InlineData("tenants/")]
    [InlineData("tenants/Acme")]
    [InlineData("tenants/1acme")]
    [InlineData("tenants/acme-")]
    [InlineData("tenants/acme/")]
    [InlineData("tenants/acme/apps/shop")]
    [InlineData("tenants/acme\n")]
    [InlineData("tenants/a1234567890123456789012345678901234567890123456789012345678901234")]
    public void A_malformed_name_is_an_invalid_argument_on_its_field(string value)
    {
        var error = Assert.Throws<MeshException>(() => TenantName.Parse(value, "parent"));
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
        Assert.Equal("parent", Assert.Single(error.Violations).Field);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("07")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    public void A_release_number_is_a_positive_number(string number) =>
        Assert.Throws<MeshException>(() => ReleaseName.Parse($"tenants/acme/apps/shop/releases/{number}"));

    [Fact]
    public void A_uid_is_in_lower_case() =>
        Assert.Throws<MeshException>(() => BuildName.Parse($"tenants/acme/apps/shop/builds/{Uid.Replace('f', 'F')}"));

    [Theory]
    [InlineData("tenants/acme", "acme")]
    [InlineData("tenants/acme/apps/shop", "acme")]
    [InlineData("tenants/acme/anything else", "acme")]
    public void The_tenant_of_any_name_below_it_is_found(string name, string tenant)
    {
        Assert.True(TenantName.TryOwnerOf(name, out var found));
        Assert.Equal(tenant, found);
    }

    [Theory]
    [InlineData("nodes/a")]
    [InlineData("tenants/*")]
    [InlineData("tenants/")]
    [InlineData("tenants//apps/shop")]
    public void What_lies_in_no_tenant_has_none(string name) => Assert.False(TenantName.TryOwnerOf(name, out _));
}
