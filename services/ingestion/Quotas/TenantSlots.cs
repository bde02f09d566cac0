namespace Mesh.Ingestion.Quotas;

/// <summary>
/// How much a replica does at once for all tenants, and who of them gets a slot: one takes another only while more are free than it
/// holds. So a tenant alone has half of them, two have a third each, and where theirs hang, something is left for whoever has none.
/// </summary>
/// <remarks>
/// A fixed share of each tenant would not do: as soon as the shares of the slow ones make up all slots, the others wait until
/// their leases end. A deadline would cut off what is slow and right. This rule has no number to be chosen: the more tenants hold
/// slots, the less each may take. It takes five slow tenants, one after the other, to fill sixteen slots, and those with most
/// of them get none back before the others have had theirs.
/// </remarks>
/// <param name="All">The slots of the replica.</param>
public sealed record TenantSlots(int All)
{
    /// <summary>Alert policies that are evaluated.</summary>
    public static TenantSlots Policies { get; } = new(16);

    /// <summary>Webhooks that are told.</summary>
    public static TenantSlots Webhooks { get; } = new(32);

    /// <summary>Targets that are read.</summary>
    public static TenantSlots Targets { get; } = new(128);

    public int Free(IReadOnlyDictionary<string, int> running) => Math.Max(0, All - running.Values.Sum());

    /// <summary>The tenants that get no other slot now. Whoever is none of them gets one, if any is free.</summary>
    /// <param name="running">How many each tenant holds.</param>
    public string[] Full(IReadOnlyDictionary<string, int> running) =>
        [.. running.Where(tenant => !MayTake(tenant.Value, Free(running))).Select(tenant => tenant.Key)];

    /// <summary>
    /// Chooses what is begun next: each free slot goes to the tenant that has the fewest, and of these to what has been due for longest.
    /// </summary>
    /// <param name="due">What may be begun, that which has been due for longest first.</param>
    /// <param name="tenantOf">Whose it is.</param>
    /// <param name="running">How many slots each tenant holds.</param>
    public IReadOnlyList<T> Choose<T>(IReadOnlyList<T> due, Func<T, string> tenantOf, IReadOnlyDictionary<string, int> running)
    {
        var free = Free(running);
        var held = new Dictionary<string, int>(running, StringComparer.Ordinal);
        var waiting = new PriorityQueue<T, (int Held, int Place)>();
        for (var place = 0; place < due.Count; place++)
        {
            // What would be its tenant's third comes after everybody's second.
            var tenant = tenantOf(due[place]);
            var before = held.GetValueOrDefault(tenant);
            waiting.Enqueue(due[place], (before, place));
            held[tenant] = before + 1;
        }

        // The tenants that come later have no fewer slots than the one that may take none.
        var chosen = new List<T>();
        while (waiting.TryDequeue(out var next, out var standing) && MayTake(standing.Held, free - chosen.Count))
            chosen.Add(next);
        return chosen;
    }

    private static bool MayTake(int held, int free) => held < free;
}
