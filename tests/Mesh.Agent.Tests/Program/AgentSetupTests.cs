using Mesh.Agent.Tests.Testing;
using Mesh.Common.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Mesh.Agent.Tests.Program;

public sealed class AgentSetupTests : IDisposable
{
    private readonly TemporaryFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void A_second_agent_in_a_folder_touches_nothing_in_it()
    {
        var download = Path.Combine(Directory.CreateDirectory(data["images/downloads"]).FullName, "0123");
        File.WriteAllText(download, "half of a layer");
        using var first = new FileStream(data["agent.lock"], FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var refused = Assert.Throws<InvalidOperationException>(() => Start().GetServices<IHostedService>());

        Assert.Contains("Another agent works in", refused.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(download));
        Assert.False(File.Exists(data["telemetry.json"]));
    }

    private IServiceProvider Start()
    {
        var builder = WebApplication.CreateBuilder(
        [
            $"--MESH_DATA={data.Path}", $"--MESH_CLUSTER_KEY={Convert.ToBase64String(new byte[32])}", "--MESH_OTLP=off", "--MESH_AGENT_RUNTIME=process",
        ]);
        builder.AddAgent(builder.AddMeshDefaults("agent"));
        return builder.Build().Services;
    }
}
