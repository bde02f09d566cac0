using Mesh.Testing;

namespace Mesh.Common.Tests.Fixtures;

[Trait("Needs", "servers")]
public sealed class ConsulAgentTests
{
    [Fact]
    public async Task Keys_can_be_written_and_a_killed_agent_starts_again_empty()
    {
        await using var agent = await ConsulAgent.StartAsync();
        using var client = new HttpClient { BaseAddress = agent.Address };
        using var content = new StringContent("v");
        Assert.Equal("true", (await (await client.PutAsync(new Uri("/v1/kv/k", UriKind.Relative), content)).Content.ReadAsStringAsync()).Trim());

        await agent.KillAsync();
        await agent.StartAgainAsync();

        using var response = await client.GetAsync(new Uri("/v1/kv/k", UriKind.Relative));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, response.StatusCode);
    }
}
