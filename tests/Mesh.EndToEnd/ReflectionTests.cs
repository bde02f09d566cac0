using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>Foreign gRPC tools find and call every service without our protos.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class ReflectionTests(Stack stack)
{
    [Theory]
    [InlineData("controller", "mesh.controller.v1.TokenService/GetCaller", "{}")]
    [InlineData("builder", "mesh.builder.v1.BuildService/ListBuilds", """{"parent":"tenants/acme/apps/none"}""")]
    [InlineData("registry", "mesh.registry.v1.ImageService/ListRepositories", """{"parent":"tenants/acme"}""")]
    [InlineData("scheduler", "mesh.scheduler.v1.NodeService/ListNodes", "{}")]
    [InlineData("ingestion", "mesh.ingestion.v1.QueryService/ListSeries", """{"parent":"tenants/acme"}""")]
    public async Task A_service_is_listed_and_called_through_reflection(string service, string method, string request)
    {
        var address = stack.Endpoint(service).ToString().TrimEnd('/');
        var listed = (await CurlAsync("--list-methods", address)).Succeeded();
        Assert.Contains(method, listed.Output, StringComparison.Ordinal);
        Assert.Contains("grpc.health.v1.Health/Check", listed.Output, StringComparison.Ordinal);

        // What is unavailable for a moment is asked again, as any client does.
        CommandResult called = null!;
        await Wait.UntilAsync($"{method} is available", async () =>
        {
            called = await CurlAsync("--data", request, "--header", $"authorization: Bearer {stack.Token}", $"{address}/{method}");
            return !called.Errors.Contains("\"unavailable\"", StringComparison.Ordinal);
        });
        Assert.True(called.ExitCode == 0 || called.Errors.Contains("APP_NOT_FOUND", StringComparison.Ordinal), called.Output + called.Errors);

        var anonymous = await CurlAsync("--data", request, $"{address}/{method}");
        Assert.NotEqual(0, anonymous.ExitCode);
        Assert.Contains("unauthenticated", anonymous.Errors, StringComparison.Ordinal);
    }

    private static Task<CommandResult> CurlAsync(params string[] arguments) =>
        CommandResult.RunAsync(Tools.Require("buf"), ["curl", "--protocol", "grpc", "--http2-prior-knowledge", .. arguments]);
}
