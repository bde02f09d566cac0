using Mesh.Common.Errors;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Tests.Repositories;

public sealed class RepositoryPathTests
{
    [Theory]
    [InlineData("acme/shop", "acme", "shop")]
    [InlineData("acme/shop/web", "acme", "shop/web")]
    [InlineData("a-1/x.y_z__w--v", "a-1", "x.y_z__w--v")]
    public void Splits_the_tenant_from_the_name(string text, string tenant, string name)
    {
        Assert.True(RepositoryPath.TryParse(text, out var path));
        Assert.Equal((tenant, name, text), (path.Tenant, path.Name, path.ToString()));
        Assert.Equal(path, RepositoryPath.ParseResource(path.ResourceName, "name"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("shop")]
    [InlineData("/shop")]
    [InlineData("acme/")]
    [InlineData("acme//shop")]
    [InlineData("Acme/shop")]
    [InlineData("acme/Shop")]
    [InlineData("acme/../other")]
    [InlineData("acme/shop\n")]
    [InlineData("9acme/shop")]
    [InlineData("*/shop")]
    public void Refuses_malformed_names(string text) => Assert.False(RepositoryPath.TryParse(text, out _));

    [Fact]
    public void Refuses_more_than_255_characters() => Assert.False(RepositoryPath.TryParse("acme/" + new string('a', 251), out _));

    [Theory]
    [InlineData("acme/shop")]
    [InlineData("tenants/acme")]
    [InlineData("tenants/acme/repositories/")]
    [InlineData("tenants//repositories/shop")]
    [InlineData("tenants/acme/apps/shop")]
    public void Refuses_malformed_resource_names(string text) =>
        Assert.Equal("parent", Assert.Throws<MeshException>(() => RepositoryPath.ParseResource(text, "parent")).Violations.Single().Field);
}
