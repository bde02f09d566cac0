using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Alerts;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

public sealed class AlertEvaluationTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly Finding A = new(new AlertLabels(new() { ["host"] = "a" }), 5);
    private static readonly Finding B = new(new AlertLabels(new() { ["host"] = "b" }), 7);

    private readonly List<Alert> _open = [];

    [Fact]
    public void Without_a_hold_an_alert_fires_at_once_and_ends_at_once()
    {
        Step(PolicyOf(), 0, A);
        Assert.Equal(State.Firing, Assert.Single(_open).State);
        Step(PolicyOf(), 1);
        Assert.Equal(State.Resolved, Assert.Single(_open).State);
    }

    [Fact]
    public void With_a_hold_it_is_pending_until_it_has_held_for_long_enough_without_a_break()
    {
        var policy = PolicyOf(hold: 10);
        Step(policy, 0, A);
        Step(policy, 9, A);
        Assert.Equal(State.Pending, Assert.Single(_open).State);
        Step(policy, 9.5);
        Assert.Equal(State.Resolved, Assert.Single(_open).State);
        _open.Clear();

        Step(policy, 10, A);
        Step(policy, 20, A);
        Assert.Equal(State.Firing, Assert.Single(_open).State);
        Assert.Equal(Start.AddSeconds(20), _open[0].FireTime);
    }

    [Fact]
    public void A_firing_alert_is_kept_over_short_breaks()
    {
        var policy = PolicyOf(keep: 30);
        Step(policy, 0, A);
        var uid = _open[0].Uid;
        Step(policy, 29);
        Assert.Equal(State.Firing, _open[0].State);
        Step(policy, 30, A);
        Step(policy, 59);
        Assert.Equal((State.Firing, uid), (_open[0].State, _open[0].Uid));
        Step(policy, 60);
        Assert.Equal(State.Resolved, _open[0].State);
    }

    [Fact]
    public void Each_set_of_labels_has_its_own_alert()
    {
        Step(PolicyOf(), 0, A, B);
        Step(PolicyOf(), 1, B);
        Assert.Equal([State.Resolved, State.Firing], _open.OrderBy(alert => alert.Value).Select(alert => alert.State));
    }

    [Fact]
    public void What_cannot_be_told_ends_no_alert_and_what_holds_nevertheless_counts()
    {
        Step(PolicyOf(hold: 10), 0, _ => true, A);
        Step(PolicyOf(hold: 10), 5, _ => true);
        Assert.Equal((State.Pending, Start), (Assert.Single(_open).State, _open[0].HeldTime));
        Step(PolicyOf(hold: 10), 10, labels => labels != A.Labels, A, B);
        Step(PolicyOf(hold: 10), 20, labels => labels == B.Labels);
        Assert.Equal([State.Resolved, State.Pending], _open.OrderBy(alert => alert.Value).Select(alert => alert.State));
    }

    private static AlertPolicy PolicyOf(int hold = 0, int keep = 0) => new(
        new AlertPolicyName("acme", "p"),
        new V1.AlertPolicy
        {
            HoldDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(hold)),
            KeepFiringDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(keep)),
        },
        Start, 1);

    private void Step(AlertPolicy policy, double seconds, params Finding[] findings) => Step(policy, seconds, _ => false, findings);

    private void Step(AlertPolicy policy, double seconds, Func<AlertLabels, bool> isUnknown, params Finding[] findings)
    {
        foreach (var alert in AlertEvaluation.Decide(policy, [.. _open], new Findings(findings, isUnknown), Start.AddSeconds(seconds)).ToList())
        {
            _open.RemoveAll(before => before.Uid == alert.Uid);
            _open.Add(alert);
        }
    }
}
