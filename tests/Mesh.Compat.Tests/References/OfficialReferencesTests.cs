namespace Mesh.Compat.Tests.References;

/// <summary>The official gRPC server and client run on our API assemblies: every reference that they make resolves.</summary>
public sealed class OfficialReferencesTests
{
    private static readonly string[] _assemblies = ["Grpc.Core.Api", "Grpc.Net.Common"];

    private static readonly string _core = InOutput("Grpc.Core.Api.dll");
    private static readonly string _common = InOutput("Grpc.Net.Common.dll");

    [Fact]
    public void Every_reference_of_the_official_assemblies_resolves()
    {
        var report = Check(_core, _common);

        Assert.Empty(report.Problems);
        // The official assemblies lean on nearly all of the surface; a check that looks at little would prove little.
        Assert.True(report.Types > 40, $"only {report.Types} types were looked at");
        Assert.True(report.Members > 90, $"only {report.Members} members were looked at");
        Assert.True(report.DerivedTypes > 15, $"only {report.DerivedTypes} derived types were looked at");
    }

    [Theory]
    [InlineData("get_IsWaitForReady", "no member Grpc.Core.Api|Grpc.Core.CallOptions::get_IsWaitForReady")]
    [InlineData("RpcException", "no type Grpc.Core.Api|Grpc.Core.RpcException")]
    [InlineData("DefaultSuccess", "no member Grpc.Core.Api|Grpc.Core.Status::DefaultSuccess")]
    [InlineData("get_PeerCore", "overrides absent Grpc.Core.Api|Grpc.Core.ServerCallContext::get_PeerCore")]
    [InlineData("CompleteAsync", "does not implement Grpc.Core.Api|Grpc.Core.IClientStreamWriter`1::_ompleteAsync")]
    [InlineData("BlockingUnaryCall", "leaves abstract Grpc.Core.Api|Grpc.Core.CallInvoker::_lockingUnaryCall")]
    public void A_name_that_is_missing_is_reported(string name, string problem)
    {
        using var tampered = TamperedAssembly.WithRenamed(_core, name);

        Assert.Contains(Check(tampered.Path, _common).Problems, found => found.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_member_that_may_not_be_used_is_reported()
    {
        using var tampered = TamperedAssembly.WithPrivate(_core, "Grpc.Core.Metadata", "GetValue");

        var problem = Assert.Single(Check(tampered.Path, _common).Problems);
        Assert.Contains("Metadata::GetValue", problem, StringComparison.Ordinal);
        Assert.EndsWith("it is Private", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_assembly_that_is_missing_is_reported()
    {
        Assert.Contains("Grpc.Net.Client: no assembly Grpc.Net.Common", Check(_core).Problems);
    }

    private static ReferenceReport Check(params string[] providers) =>
        ReferenceCheck.Run(_assemblies, providers, [InOutput("Grpc.AspNetCore.Server.dll"), InOutput("Grpc.Net.Client.dll")]);

    private static string InOutput(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
