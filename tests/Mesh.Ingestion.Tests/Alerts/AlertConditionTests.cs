using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Comparison = Mesh.Ingestion.V1.AlertPolicy.Types.Comparison;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertConditionTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private AlertService.AlertServiceClient Client => new(servers.Channel);

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task A_ratio_of_counters_is_judged_group_by_group()
    {
        using var sender = await Sender.OpenAsync(servers, "ratio");
        var batch = new Batch { Number = 1 };
        uint number = 0;
        foreach (var (app, code, rise) in new[] { ("bad", "200", 50), ("bad", "500", 50), ("good", "200", 99), ("good", "500", 1), ("still", "200", 0) })
        {
            batch.Series.Add(Sender.Series(++number, "requests_total", "app=" + app, "code=" + code));
            foreach (var (age, part) in new[] { (40_000, 0), (20_000, 1), (1_000, 2) })
                Add(batch, number, Now - age, 1000 + rise * part);
        }

        await sender.SendAsync(batch);
        await CreateAsync("ratio", new AlertPolicy
        {
            Severity = AlertSeverity.Critical, Labels = { ["team"] = "shop" },
            Ratio = new()
            {
                Numerator = "requests_total{code=~'5..'}", Denominator = "requests_total", By = { "app" },
                Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(5)), Rate = true, Comparison = Comparison.Above, Value = 0.1,
            },
        });

        var alert = await AlertServers.AlertAsync(Client, "ratio", State.Firing);
        Assert.Equal(new Dictionary<string, string> { ["app"] = "bad", ["team"] = "shop" }, alert.Labels);
        Assert.Equal((0.5, AlertSeverity.Critical), (Math.Round(alert.Value, 6), alert.Severity));
        Assert.Single((await ListAsync("ratio")).Alerts);
    }

    [Fact]
    public async Task A_ratio_of_gauges_takes_a_missing_part_as_zero_and_leaves_small_groups_alone()
    {
        using var sender = await Sender.OpenAsync(servers, "gauges");
        await sender.SendAsync(new Batch
        {
            Number = 1,
            Series = { Sender.Series(1, "used", "host=a"), Sender.Series(2, "size", "host=a"), Sender.Series(3, "size", "host=b"), Sender.Series(4, "size", "host=c") },
            Samples = Sender.Samples((1, Now, 90), (2, Now, 100), (3, Now, 100), (4, Now, 5)),
        });
        await CreateAsync("gauges", new AlertPolicy
        {
            Ratio = new() { Numerator = "used", Denominator = "size", By = { "host" }, Comparison = Comparison.Below, Value = 0.5, MinDenominator = 10 },
        });
        var alert = await AlertServers.AlertAsync(Client, "gauges", State.Firing);
        Assert.Equal(("b", 0, AlertSeverity.Warning), (alert.Labels["host"], alert.Value, alert.Severity));
        Assert.Single((await ListAsync("gauges")).Alerts);
    }

    [Fact]
    public async Task Log_records_that_match_are_counted_in_groups()
    {
        var now = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        using var sender = await Sender.OpenAsync(servers, "logs");
        var batch = new Batch { Number = 1 };
        foreach (var (app, severity, body) in new[]
        {
            ("shop", LogSeverity.Error, "Payment 17 TIMED out"), ("shop", LogSeverity.Fatal, "payment 18 timed out"), ("shop", LogSeverity.Info, "payment 19 timed out"),
            ("desk", LogSeverity.Error, "payment 20 timed out"), ("shop", LogSeverity.Error, "payment timed out"), ("shop", LogSeverity.Error, "payment 21 done"),
        })
        {
            var record = new LogRecord { Time = now, Severity = severity, Body = body };
            record.Labels.Add(new Label { Name = "app", Value = app });
            record.Labels.Add(new Label { Name = "stream", Value = "stderr" });
            batch.Logs.Add(record);
        }

        await sender.SendAsync(batch);
        await servers.WaitForAsync("select count() from logs where tenant = 'logs'", 6);
        await CreateAsync("logs", new AlertPolicy
        {
            Severity = AlertSeverity.Info,
            LogMatch = new()
            {
                Selector = "{stream='stderr'}", Contains = "timed OUT", Pattern = "ayment [0-9]+", Severity = LogSeverity.Error,
                Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(10)), MinCount = 2, By = { "app" },
            },
        });
        var alert = await AlertServers.AlertAsync(Client, "logs", State.Firing);
        Assert.Equal(new Dictionary<string, string> { ["app"] = "shop", ["stream"] = "stderr" }, alert.Labels);
        Assert.Equal((2, AlertSeverity.Info), (alert.Value, alert.Severity));
        Assert.Single((await ListAsync("logs")).Alerts);
    }

    [Fact]
    public async Task Alerts_are_held_kept_acknowledged_and_remembered()
    {
        using var sender = await Sender.OpenAsync(servers, "kept");
        await sender.SendAsync(new Batch { Number = 1, Series = { Sender.Series(1, "load", "host=a") }, Samples = Sender.Samples((1, Now, 9)) });
        var policy = await CreateAsync("kept", new AlertPolicy
        {
            Threshold = new() { Selector = "load", Comparison = Comparison.Above, Value = 5 },
            HoldDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)), KeepFiringDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)),
        });
        var firing = await AlertServers.AlertAsync(Client, "kept", State.Firing);
        var acknowledged = (await Client.AcknowledgeAlertAsync(new AcknowledgeAlertRequest { Name = firing.Name }, IngestionProcess.Headers)).Alert;
        Assert.Equal("services/agent", acknowledged.AcknowledgedBy);
        Assert.NotNull(acknowledged.AcknowledgeTime);
        await sender.SendAsync(new Batch { Number = 2, Samples = Sender.Samples((1, Now, 1)) });

        var resolved = await AlertServers.AlertAsync(Client, "kept", State.Resolved);
        Assert.Equal(firing.Name, resolved.Name);
        Assert.True(resolved.FireTime.ToDateTimeOffset() - resolved.StartTime.ToDateTimeOffset() >= TimeSpan.FromSeconds(1));
        var history = await Client.ListAlertChangesAsync(new ListAlertChangesRequest { Parent = firing.Name }, IngestionProcess.Headers);
        Assert.Equal([State.Pending, State.Firing, State.Firing, State.Resolved], history.AlertChanges.Select(change => change.State));
        Assert.Equal("services/agent", history.AlertChanges[2].AcknowledgedBy);

        var page = await Client.ListAlertChangesAsync(new ListAlertChangesRequest { Parent = firing.Name, PageSize = 3 }, IngestionProcess.Headers);
        var rest = await Client.ListAlertChangesAsync(
            new ListAlertChangesRequest { Parent = firing.Name, PageSize = 3, PageToken = page.NextPageToken }, IngestionProcess.Headers);
        Assert.Equal((3, 1), (page.AlertChanges.Count, rest.AlertChanges.Count));
        var ofPolicy = await Client.ListAlertsAsync(new ListAlertsRequest { Parent = "tenants/kept", Policy = policy.Name }, IngestionProcess.Headers);
        Assert.Equal(firing.Name, Assert.Single(ofPolicy.Alerts).Name);
        var evaluated = (await Client.GetAlertPolicyAsync(new GetAlertPolicyRequest { Name = policy.Name }, IngestionProcess.Headers)).AlertPolicy;
        Assert.Equal("", evaluated.EvaluationError);
        Assert.NotNull(evaluated.EvaluateTime);
    }

    [Fact]
    public async Task Every_template_can_be_cloned_and_evaluated()
    {
        var templates = (await Client.ListAlertPolicyTemplatesAsync(
            new ListAlertPolicyTemplatesRequest { Parent = "tenants/templates" }, IngestionProcess.Headers)).AlertPolicyTemplates;
        Assert.Equal(templates.Select(template => template.Name).Order(StringComparer.Ordinal), templates.Select(template => template.Name));
        foreach (var template in templates)
        {
            var clone = (await Client.CloneAlertPolicyAsync(
                new CloneAlertPolicyRequest { Name = template.Name, Parent = "tenants/templates", AlertPolicyId = template.Name.Split('/')[1] },
                IngestionProcess.Headers)).AlertPolicy;
            Assert.Equal(template.AlertPolicy.ConditionCase, clone.ConditionCase);
            var evaluated = await AlertServers.UntilAsync(async () =>
                (await Client.GetAlertPolicyAsync(new GetAlertPolicyRequest { Name = clone.Name }, IngestionProcess.Headers)).AlertPolicy is var policy
                    && (policy.EvaluateTime is not null || policy.EvaluationError.Length > 0) ? policy : null);
            var runs = template.AlertPolicy.ConditionCase == AlertPolicy.ConditionOneofCase.FindingMatch;
            Assert.Equal(runs ? "The scheduler cannot be asked now which images run." : "", evaluated.EvaluationError);
        }

        var unknown = await Assert.ThrowsAsync<RpcException>(async () => await Client.CloneAlertPolicyAsync(
            new CloneAlertPolicyRequest { Name = "alertPolicyTemplates/none", Parent = "tenants/templates", AlertPolicyId = "x" }, IngestionProcess.Headers));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    private static void Add(Batch batch, uint series, long time, double value)
    {
        batch.Samples ??= new Samples();
        batch.Samples.SeriesRefs.Add(series);
        batch.Samples.TimeDeltasMillis.Add(time - batch.Samples.TimeDeltasMillis.Sum());
        batch.Samples.Values.Add(value);
    }

    private async Task<AlertPolicy> CreateAsync(string tenant, AlertPolicy policy) => await AlertServers.CreateAsync(Client, tenant, policy);

    private async Task<ListAlertsResponse> ListAsync(string tenant) =>
        await Client.ListAlertsAsync(new ListAlertsRequest { Parent = "tenants/" + tenant }, IngestionProcess.Headers);
}
