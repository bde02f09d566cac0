namespace Mesh.Ingestion.Alerts;

/// <summary>
/// How many policies a replica evaluates at once, and who of the tenants gets a slot: one takes another only while more are free than it
/// holds. So a tenant alone has half of them, two have a third each, and where evaluations hang, something is left for whoever has none.
/// </summary>
/// <remarks>
/// A fixed share of each tenant would not do: as soon as the shares of the slow ones make up all slots, the others wait until
/// their leases end. A deadline would cut off what is slow and right. This rule has no number to be chosen: the more tenants hold
/// slots, the less each may take. It takes half a dozen slow tenants, one after the other, to fill sixteen slots, and those with most
/// of them get none back before the others have had theirs.
/// </remarks>
/// <param name="All">The slots of the replica.</param>
public sealed record AlertSlots(int All)
{
    public static AlertSlots Normal { get; } = new(16);

    public int Free(IReadOnlyDictionary<string, int> running) => Math.Max(0, All - running.Values.Sum());

    /// <summary>The tenants that get no other slot now. Whoever is none of them gets one, if any is free.</summary>
    /// <param name="running">How many are being evaluated, by tenant.</param>
    public string[] Full(IReadOnlyDictionary<string, int> running) =>
        [.. running.Where(tenant => !MayTake(tenant.Value, Free(running))).Select(tenant => tenant.Key)];

    /// <summary>
    /// Chooses what is evaluated next: each free slot goes to the tenant that has the fewest, and of these to the policy that has
    /// been due for longest.
    /// </summary>
    /// <param name="due">Policies whose time has come, the one that has been due for longest first.</param>
    /// <param name="running">How many are being evaluated, by tenant.</param>
    public IReadOnlyList<AlertPolicyName> Choose(IReadOnlyList<AlertPolicyName> due, IReadOnlyDictionary<string, int> running)
    {
        var free = Free(running);
        var held = new Dictionary<string, int>(running, StringComparer.Ordinal);
        var waiting = new PriorityQueue<AlertPolicyName, (int Held, int Place)>();
        for (var place = 0; place < due.Count; place++)
        {
            // A policy that would be its tenant's third has its turn after everybody's second.
            var before = held.GetValueOrDefault(due[place].Tenant);
            waiting.Enqueue(due[place], (before, place));
            held[due[place].Tenant] = before + 1;
        }

        // The tenants that come later have no fewer slots than the one that may take none.
        var chosen = new List<AlertPolicyName>();
        while (waiting.TryDequeue(out var next, out var standing) && MayTake(standing.Held, free - chosen.Count))
            chosen.Add(next);
        return chosen;
    }

    private static bool MayTake(int held, int free) => held < free;
}
