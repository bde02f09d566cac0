using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Scraping;

[Trait("Needs", "servers")]
public sealed class TargetTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private TargetService.TargetServiceClient Client => new(servers.Channel);

    [Fact]
    public async Task A_target_is_read_at_its_interval_and_says_how_it_went()
    {
        using var source = new HttpAnswers(_ => (200, "temperature{room=\"hall\",job=\"own\"} 21.5\n"));
        await CreateAsync("scrape", "hall", source.Address.ToString());
        await servers.WaitForAsync("select count() >= 2 from samples where tenant = 'scrape' and value = 21.5", 1);
        Assert.Equal(
            "own\thall",
            await servers.Engine.QueryAsync(
                "select any(labels['exported_job']), any(labels['job']) from series where tenant = 'scrape' and metric = 'temperature'"));
        var targets = new TargetClient(servers.Channel);
        await targets.WaitAsync("scrape", "hall", Target.Types.State.Up, "");
        source.Dispose();
        await Wait.UntilAsync("the target is down", async () => (await targets.GetAsync("scrape", "hall")).State == Target.Types.State.Down);
        Assert.NotEmpty((await targets.GetAsync("scrape", "hall")).LastError);
    }

    [Fact]
    public async Task Targets_are_created_listed_changed_and_deleted()
    {
        var created = await CreateAsync("crud", "a", "http://127.0.0.1:1/metrics");
        await CreateAsync("crud", "b", "http://127.0.0.1:1/metrics");
        var exists = await Assert.ThrowsAsync<RpcException>(() => CreateAsync("crud", "a", "http://127.0.0.1:1/metrics"));
        Assert.Equal(StatusCode.AlreadyExists, exists.StatusCode);

        var page = await Client.ListTargetsAsync(new ListTargetsRequest { Parent = "tenants/crud", PageSize = 1 }, IngestionProcess.Headers);
        Assert.Equal("tenants/crud/targets/a", Assert.Single(page.Targets).Name);
        page = await Client.ListTargetsAsync(
            new ListTargetsRequest { Parent = "tenants/crud", PageSize = 1, PageToken = page.NextPageToken }, IngestionProcess.Headers);
        Assert.Equal("tenants/crud/targets/b", Assert.Single(page.Targets).Name);
        Assert.Empty(page.NextPageToken);

        var change = new Target { Name = created.Name, Paused = true, Etag = created.Etag };
        var changed = (await Client.UpdateTargetAsync(new UpdateTargetRequest { Target = change }, IngestionProcess.Headers)).Target;
        Assert.True(changed.Paused);
        Assert.Equal(created.Address, changed.Address);
        var stale = await Assert.ThrowsAsync<RpcException>(
            () => Client.UpdateTargetAsync(new UpdateTargetRequest { Target = change }, IngestionProcess.Headers).ResponseAsync);
        Assert.Equal(StatusCode.Aborted, stale.StatusCode);

        await Client.DeleteTargetAsync(new DeleteTargetRequest { Name = created.Name }, IngestionProcess.Headers);
        var gone = await Assert.ThrowsAsync<RpcException>(
            () => Client.GetTargetAsync(new GetTargetRequest { Name = created.Name }, IngestionProcess.Headers).ResponseAsync);
        Assert.Equal(StatusCode.NotFound, gone.StatusCode);
        foreach (var address in new[] { "not a url", "ftp://host/", "http://user:password@host/" })
        {
            var wrong = await Assert.ThrowsAsync<RpcException>(() => CreateAsync("crud", "c", address));
            Assert.Equal(StatusCode.InvalidArgument, wrong.StatusCode);
        }
    }

    [Fact]
    public async Task The_series_of_a_target_that_is_paused_end_at_once()
    {
        const string ended = """
            select countIf(is_end) = 5 from
            (select argMax(reinterpretAsUInt64(value) = 0x7ff0000000000002, time) as is_end from samples where tenant = 'paused' group by series)
            """;
        using var source = new HttpAnswers(_ => (200, "temperature 21.5\nhumidity 3\n"));
        var targets = new TargetClient(servers.Channel);
        var created = await targets.CreateAsync("paused", "hall", source.Address.ToString(), seconds: 3600);
        await targets.WaitAsync("paused", "hall", Target.Types.State.Up, "");
        await servers.WaitForAsync("select uniq(series) from samples where tenant = 'paused'", 5);
        await Client.UpdateTargetAsync(new UpdateTargetRequest { Target = new Target { Name = created.Name, Paused = true } }, IngestionProcess.Headers);
        await servers.WaitForAsync(ended, 1);

        // Paused again it has nothing to end, and it begins anew when it goes on.
        await Client.UpdateTargetAsync(new UpdateTargetRequest { Target = new Target { Name = created.Name, Paused = true } }, IngestionProcess.Headers);
        await targets.ReadAsync("paused", "hall");
        await servers.WaitForAsync(ended, 0);
    }

    [Fact]
    public async Task What_a_target_cannot_be_is_told()
    {
        foreach (var (target, field) in new[]
        {
            (new Target { Kind = (Target.Types.Kind)99, Address = "http://a/" }, "target.kind"),
            (new Target { Kind = Target.Types.Kind.Prometheus, Address = "http://a/", Labels = { ["__name__"] = "x" } }, "target.labels"),
        })
        {
            var wrong = await Assert.ThrowsAsync<RpcException>(() => Client.CreateTargetAsync(
                new CreateTargetRequest { Parent = "tenants/wrong", TargetId = "a", Target = target }, IngestionProcess.Headers).ResponseAsync);
            Assert.StartsWith(field, wrong.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_fields_of_the_mask_are_changed_and_no_others()
    {
        var before = await CreateAsync("mask", "a", "http://127.0.0.1:1/metrics");
        var wire = new Target
        {
            Name = before.Name, Kind = Target.Types.Kind.Netdata, Address = "http://127.0.0.1:2/", Interval = Duration.FromTimeSpan(TimeSpan.FromHours(1)),
            Labels = { ["rack"] = "a1" }, Paused = true,
        };
        var changed = await UpdateAsync(wire, "labels", "interval");
        Assert.Equal((before.Kind, before.Address, false), (changed.Kind, changed.Address, changed.Paused));
        Assert.Equal((wire.Interval, "a1"), (changed.Interval, changed.Labels["rack"]));
        Assert.NotEqual(before.Etag, changed.Etag);

        // What is named and empty is taken away.
        changed = await UpdateAsync(new Target { Name = before.Name, Etag = changed.Etag, Kind = wire.Kind, Address = wire.Address }, "labels", "interval", "kind", "address");
        Assert.Empty(changed.Labels);
        Assert.Equal((wire.Kind, wire.Address, 15), (changed.Kind, changed.Address, changed.Interval.Seconds));
        Assert.Equal(changed.Address, (await Client.GetTargetAsync(new GetTargetRequest { Name = before.Name }, IngestionProcess.Headers)).Target.Address);
    }

    [Fact]
    public async Task A_change_of_what_is_not_there_or_cannot_be_is_told_and_changes_nothing()
    {
        var target = await CreateAsync("nochange", "a", "http://127.0.0.1:1/metrics");
        var second = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(999));
        foreach (var (wire, path, code, told) in new[]
        {
            (new Target { Name = "tenants/nochange/targets/b", Paused = true }, "paused", StatusCode.NotFound, "TARGET_NOT_FOUND"),
            (new Target { Name = "tenants/nochange", Paused = true }, "paused", StatusCode.InvalidArgument, "target.name"),
            (new Target { Name = target.Name, Address = "ftp://a/" }, "address", StatusCode.InvalidArgument, "target.address"),
            (new Target { Name = target.Name }, "kind", StatusCode.InvalidArgument, "target.kind"),
            (new Target { Name = target.Name, Interval = second }, "interval", StatusCode.InvalidArgument, "target.interval"),
            (new Target { Name = target.Name, Labels = { ["a b"] = "c" } }, "labels", StatusCode.InvalidArgument, "target.labels"),
            (new Target { Name = target.Name, LastError = "x" }, "last_error", StatusCode.InvalidArgument, "update_mask"),
            (new Target { Name = target.Name, Etag = "\"63\"", Paused = true }, "paused", StatusCode.Aborted, "ETAG_MISMATCH"),
        })
        {
            var wrong = await Assert.ThrowsAsync<RpcException>(() => UpdateAsync(wire, path));
            Assert.Equal(code, wrong.StatusCode);
            Assert.True(wrong.Reason() == told || wrong.Status.Detail.StartsWith(told, StringComparison.Ordinal), $"{told}: {wrong.Reason()}: {wrong.Status.Detail}");
        }

        var empty = await Assert.ThrowsAsync<RpcException>(() => Client.UpdateTargetAsync(new UpdateTargetRequest(), IngestionProcess.Headers).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, empty.StatusCode);
        Assert.Equal(target.Etag, (await Client.GetTargetAsync(new GetTargetRequest { Name = target.Name }, IngestionProcess.Headers)).Target.Etag);
    }

    private async Task<Target> UpdateAsync(Target target, params string[] paths) => (await Client.UpdateTargetAsync(
        new UpdateTargetRequest { Target = target, UpdateMask = new FieldMask { Paths = { paths } } }, IngestionProcess.Headers)).Target;

    private async Task<Target> CreateAsync(string tenant, string id, string address) => (await Client.CreateTargetAsync(
        new CreateTargetRequest
        {
            Parent = "tenants/" + tenant,
            TargetId = id,
            Target = new Target { Kind = Target.Types.Kind.Prometheus, Address = address, Interval = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) },
        },
        IngestionProcess.Headers)).Target;
}
