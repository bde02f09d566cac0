namespace Mesh.Ingestion.Retention;

/// <summary>What is deleted of one table: a function of the defaults and of what tenants state.</summary>
/// <param name="Signal">The signal and its table.</param>
/// <param name="Days">For how many days each of these tenants keeps its rows.</param>
/// <param name="DefaultDays">For how many days all others do; null where the table sees to that.</param>
public sealed record RetentionPlan(KeptSignal Signal, IReadOnlyDictionary<string, int> Days, int? DefaultDays)
{
    /// <summary>What a tenant keeps that states nothing itself.</summary>
    public static int DefaultDaysOf(IReadOnlyList<RetentionRule> defaults, string tenant, KeptSignal signal)
    {
        var rules = defaults.Where(rule => rule.Table == signal.Table).ToList();
        var days = rules.LastOrDefault(rule => rule.Tenant == tenant) ?? rules.LastOrDefault(rule => rule.Tenant == RetentionRule.Everybody);
        return Math.Min(days?.Days ?? signal.MaxDays, signal.MaxDays);
    }

    /// <summary>One plan for each signal of which anything may have to be deleted.</summary>
    public static IEnumerable<RetentionPlan> Make(IReadOnlyList<RetentionRule> defaults, IReadOnlyList<RetentionPolicy> stated)
    {
        foreach (var signal in KeptSignal.All)
        {
            var days = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var rule in defaults.Where(rule => rule.Table == signal.Table && rule.Tenant != RetentionRule.Everybody))
                days[rule.Tenant] = rule.Days;
            foreach (var policy in stated.Where(policy => policy.Signal == signal.Id && policy.Days > 0))
                days[policy.Tenant] = policy.Days;
            var others = DefaultDaysOf(defaults, RetentionRule.Everybody, signal);
            if (days.Count > 0 || others < signal.MaxDays)
                yield return new RetentionPlan(signal, days, others < signal.MaxDays ? others : null);
        }
    }
}
