using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.Tests.Receiving;

public sealed class HttpSenderTests
{
    [Theory]
    [InlineData("acme", "acme")]
    [InlineData("tenants/acme", "acme")]
    [InlineData(null, "acme")]
    public void A_person_writes_for_the_tenant_that_he_names_or_for_his_only_one(string? named, string tenant) =>
        Assert.Equal(tenant, HttpSender.WritesFor(Person(("acme", Role.Developer), ("other", Role.Viewer)), named));

    [Fact]
    public void Others_are_told_why_not()
    {
        Assert.Equal(StatusCode.Unauthenticated, CodeOf(Principal.Anonymous, "acme"));
        Assert.Equal(StatusCode.NotFound, CodeOf(Person(("acme", Role.Owner)), "foreign"));
        Assert.Equal(StatusCode.PermissionDenied, CodeOf(Person(("acme", Role.Viewer)), "acme"));
        Assert.Equal(StatusCode.InvalidArgument, CodeOf(Person(("acme", Role.Viewer)), null));
        Assert.Equal(StatusCode.InvalidArgument, CodeOf(Person(("acme", Role.Owner), ("other", Role.Owner)), null));
        Assert.Equal(StatusCode.InvalidArgument, CodeOf(Person(("acme", Role.Owner)), "No Tenant!"));
        Assert.Equal("acme", HttpSender.ReadsFrom(Person(("acme", Role.Viewer)), null));
    }

    [Fact]
    public void A_program_of_ours_that_names_none_writes_for_the_platform()
    {
        var agent = new Principal { Subject = "services/agent", Service = "agent" };
        Assert.Equal("mesh", HttpSender.WritesFor(agent, null));
        Assert.Equal("acme", HttpSender.WritesFor(agent, "acme"));
    }

    private static Principal Person(params (string Tenant, Role Role)[] roles) =>
        new() { Subject = "users/ann", Roles = roles.ToDictionary(role => role.Tenant, role => role.Role) };

    private static StatusCode CodeOf(Principal principal, string? named) => Assert.Throws<MeshException>(() => HttpSender.WritesFor(principal, named)).Code;
}
