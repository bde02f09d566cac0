using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Scraping;

/// <summary>Targets as people make and watch them.</summary>
internal sealed class TargetClient(ChannelBase channel)
{
    private readonly TargetService.TargetServiceClient _client = new(channel);

    public async Task<Target> CreateAsync(
        string tenant, string id, string address, double seconds = 1, Target.Types.Kind kind = Target.Types.Kind.Prometheus)
    {
        var target = new Target { Kind = kind, Address = address, Interval = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)) };
        var request = new CreateTargetRequest { Parent = "tenants/" + tenant, TargetId = id, Target = target };
        return (await _client.CreateTargetAsync(request, IngestionProcess.Headers)).Target;
    }

    public async Task<Target> GetAsync(string tenant, string id) => (await _client.GetTargetAsync(
        new GetTargetRequest { Name = $"tenants/{tenant}/targets/{id}" }, IngestionProcess.Headers)).Target;

    /// <summary>Has a target read at once, whatever its interval; waits until that is noted, or a reading that had begun before.</summary>
    public async Task<Target> ReadAsync(string tenant, string id)
    {
        var target = await GetAsync(tenant, id);
        var before = target.LastScrapeTime;
        await TouchAsync(tenant, id);
        await Wait.UntilAsync($"{id} is read", async () => (target = await GetAsync(tenant, id)).LastScrapeTime is { } last && !last.Equals(before));
        return target;
    }

    /// <summary>Has a target read again and again until something holds; tells the target's error when it never does.</summary>
    public async Task ReadUntilAsync(string tenant, string id, string what, Func<Task<bool>> condition)
    {
        var error = "";
        try
        {
            await Wait.UntilAsync(what, async () =>
            {
                error = (await ReadAsync(tenant, id)).LastError;
                return await condition();
            });
        }
        catch (TimeoutException exception)
        {
            Assert.Fail($"{exception.Message}; the target's error: `{error}`");
        }
    }

    public async Task TouchAsync(string tenant, string id)
    {
        var target = new Target { Name = $"tenants/{tenant}/targets/{id}" };
        await _client.UpdateTargetAsync(new UpdateTargetRequest { Target = target, UpdateMask = new FieldMask { Paths = { "paused" } } }, IngestionProcess.Headers);
    }

    public async Task DeleteAsync(string tenant, string id) => await _client.DeleteTargetAsync(
        new DeleteTargetRequest { Name = $"tenants/{tenant}/targets/{id}" }, IngestionProcess.Headers);

    /// <summary>Waits until a target's state is as wanted; tells what it is instead.</summary>
    public async Task WaitAsync(string tenant, string id, Target.Types.State state, string error)
    {
        Target? target = null;
        try
        {
            await Wait.UntilAsync("the state", async () =>
            {
                target = await GetAsync(tenant, id);
                return target.State == state && (error.Length == 0 ? target.LastError.Length == 0 : target.LastError.Contains(error, StringComparison.Ordinal));
            });
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{id} should be {state} with `{error}` and is {target!.State} with `{target.LastError}`");
        }
    }
}
