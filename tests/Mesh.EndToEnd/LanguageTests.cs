using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>Apps in other languages go the same way, each on a stack of its own.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class LanguageTests(Stack stack)
{
    [Theory]
    [InlineData("hello-python")]
    [InlineData("hello-dotnet")]
    public async Task A_sample_runs_and_is_observed(string sample)
    {
        (await stack.MeshAsync("apps", "create", sample, "--health-path", "/healthz")).Succeeded();
        (await stack.MeshAsync("deploy", stack.CopySample(sample), "--app", sample)).Succeeded();
        Assert.Contains(sample, await stack.PageAsync(sample), StringComparison.Ordinal);
        await Wait.UntilAsync("the app's metric", async () =>
            (await stack.MeshAsync("metrics", $"hello_requests_total{{app=\"{sample}\"}}")).Output.Contains("hello_requests_total", StringComparison.Ordinal));
    }
}
