namespace Mesh.Ingestion.Alerts;

/// <summary>Decides what becomes of a policy's alerts: a function of what is open, what holds now, and the time.</summary>
public static class AlertEvaluation
{
    /// <summary>The alerts as they shall be, of those that are open or new; unchanged ones are left out.</summary>
    public static IEnumerable<Alert> Decide(AlertPolicy policy, IReadOnlyList<Alert> open, Findings findings, DateTimeOffset now)
    {
        var holding = new Dictionary<string, Finding>(StringComparer.Ordinal);
        foreach (var finding in findings.Holding)
            holding.TryAdd(finding.Labels.Key, finding);

        foreach (var alert in open)
        {
            var after = holding.Remove(alert.Labels.Key, out var finding) ? Hold(policy, alert, finding, now)
                : findings.IsUnknown(alert.Labels) ? alert
                : Rest(policy, alert, now);
            if (after != alert)
                yield return after;
        }

        foreach (var finding in holding.Values)
            yield return Hold(policy, New(policy, finding, now), finding, now);
    }

    private static Alert New(AlertPolicy policy, Finding finding, DateTimeOffset now) => new()
    {
        Tenant = policy.Name.Tenant,
        Uid = Guid.CreateVersion7(now),
        Policy = policy.Name.Id,
        Labels = finding.Labels,
        State = V1.Alert.Types.State.Pending,
        Severity = policy.Severity,
        StartTime = now,
    };

    private static Alert Hold(AlertPolicy policy, Alert alert, Finding finding, DateTimeOffset now)
    {
        var held = alert with { HeldTime = now, Value = finding.Value };
        return alert.State == V1.Alert.Types.State.Pending && now - alert.StartTime >= policy.Hold
            ? held with { State = V1.Alert.Types.State.Firing, FireTime = now }
            : held;
    }

    private static Alert Rest(AlertPolicy policy, Alert alert, DateTimeOffset now) =>
        alert.State == V1.Alert.Types.State.Firing && now - alert.HeldTime < policy.KeepFiring
            ? alert
            : alert with { State = V1.Alert.Types.State.Resolved, ResolveTime = now };
}
