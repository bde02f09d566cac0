using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>`down` leaves no process; a second `up` goes on with all data at the same addresses.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class RestartTests(Stack stack)
{
    [Fact]
    public async Task A_stack_that_was_stopped_goes_on_where_it_was()
    {
        const string app = "resumed";
        (await stack.MeshAsync("apps", "create", app, "--health-path", "/healthz")).Succeeded();
        (await stack.MeshAsync("deploy", stack.CopySample("hello-node"), "--app", app)).Succeeded();
        var (api, router) = (stack.Endpoint("api"), stack.Endpoint("router"));

        await stack.DownAsync();
        Assert.Empty(stack.Processes());
        Assert.DoesNotContain(stack.Home, await File.ReadAllTextAsync("/proc/mounts"), StringComparison.Ordinal);

        await stack.UpAsync();
        Assert.Equal((api, router), (stack.Endpoint("api"), stack.Endpoint("router")));
        await Wait.UntilAsync("the app running again", async () =>
        {
            using var response = await stack.AskAsync(app);
            return (int)response.StatusCode == 200;
        });
        var releases = (await stack.MeshAsync("releases", "--app", app)).Succeeded();
        Assert.Contains("v1", releases.Output, StringComparison.Ordinal);
    }
}
