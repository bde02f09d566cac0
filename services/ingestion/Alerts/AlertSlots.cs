namespace Mesh.Ingestion.Alerts;

/// <summary>
/// How many policies a replica evaluates at once, and how many of one tenant: a tenant whose evaluations are slow does not fill all slots
/// by itself.
/// </summary>
/// <param name="All">The slots of the replica.</param>
/// <param name="OfTenant">The most that one tenant has of them.</param>
public sealed record AlertSlots(int All, int OfTenant)
{
    public static AlertSlots Normal { get; } = new(16, 8);

    /// <summary>How many due policies are looked at to choose from.</summary>
    public int Window => All * 4;

    /// <summary>The tenants that have their whole share.</summary>
    public string[] Full(IReadOnlyDictionary<string, int> running) =>
        [.. running.Where(tenant => tenant.Value >= OfTenant).Select(tenant => tenant.Key)];

    /// <summary>
    /// Chooses what is evaluated next: each free slot goes to the tenant that has the fewest, and of these to the policy that has
    /// been due for longest.
    /// </summary>
    /// <param name="due">Policies whose time has come, the one that has been due for longest first.</param>
    /// <param name="running">How many are being evaluated, by tenant.</param>
    public IReadOnlyList<AlertPolicyName> Choose(IReadOnlyList<AlertPolicyName> due, IReadOnlyDictionary<string, int> running)
    {
        var free = All - running.Values.Sum();
        var held = new Dictionary<string, int>(running, StringComparer.Ordinal);
        var waiting = new PriorityQueue<AlertPolicyName, (int Held, int Place)>();
        for (var place = 0; place < due.Count; place++)
        {
            // A policy that would be its tenant's third has its turn after everybody's second.
            var number = held[due[place].Tenant] = held.GetValueOrDefault(due[place].Tenant) + 1;
            if (number <= OfTenant)
                waiting.Enqueue(due[place], (number, place));
        }

        var chosen = new List<AlertPolicyName>();
        while (chosen.Count < free && waiting.TryDequeue(out var next, out _))
            chosen.Add(next);
        return chosen;
    }
}
