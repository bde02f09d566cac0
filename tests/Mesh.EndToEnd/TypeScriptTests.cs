using Mesh.Servers;

namespace Mesh.EndToEnd;

/// <summary>The TypeScript client and a bare @grpc/grpc-js client against the running stack.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class TypeScriptTests(Stack stack)
{
    [Fact]
    public async Task The_clients_create_an_app_stream_telemetry_and_read_typed_errors()
    {
        var folder = Path.Combine(Repository.Root, "clients", "typescript");
        var environment = new Dictionary<string, string> { ["MESH_ADDRESS"] = stack.Endpoint("api").ToString(), ["MESH_TOKEN"] = stack.Token };
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) (await CommandResult.RunAsync("npm", ["ci"], folder: folder)).Succeeded();
        var result = (await CommandResult.RunAsync("npm", ["run", "test:stack"], environment, folder)).Succeeded();
        Assert.Matches("pass [1-9]", result.Output);
    }
}
