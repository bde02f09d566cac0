using Mesh.Ingestion.Alerts;

namespace Mesh.Ingestion.Tests.Alerts;

public sealed class AlertSlotsTests
{
    [Fact]
    public void A_tenant_gets_its_share_and_the_others_the_rest()
    {
        var slots = new AlertSlots(8, 3);
        AlertPolicyName[] due = [.. Enumerable.Range(0, 20).Select(i => new AlertPolicyName("heavy", $"p{i}")), new("calm", "a"), new("mild", "a")];
        Assert.Equal(
            ["heavy/p0", "calm/a", "mild/a", "heavy/p1", "heavy/p2"],
            slots.Choose(due, new Dictionary<string, int>()).Select(name => $"{name.Tenant}/{name.Id}"));
        Assert.Equal(["calm/a"], slots.Choose(due, new Dictionary<string, int> { ["heavy"] = 3, ["mild"] = 4 }).Select(name => $"{name.Tenant}/{name.Id}"));
        Assert.Equal(["heavy"], slots.Full(new Dictionary<string, int> { ["heavy"] = 3, ["mild"] = 2 }));
    }

    [Fact]
    public void Slots_are_shared_evenly_and_none_is_left_free_for_nothing()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var slots = new AlertSlots(random.Next(1, 20), random.Next(1, 8));
            var tenants = Enumerable.Range(0, random.Next(1, 8)).Select(i => $"t{i}").ToArray();
            var due = Enumerable.Range(0, random.Next(0, 60)).Select(i => new AlertPolicyName(tenants[random.Next(tenants.Length)], $"p{i}")).ToArray();
            var running = tenants.ToDictionary(tenant => tenant, _ => random.Next(0, 4));
            Check(slots, due, running, slots.Choose(due, running), $"seed {seed}");
        }
    }

    private static void Check(
        AlertSlots slots, AlertPolicyName[] due, Dictionary<string, int> running, IReadOnlyList<AlertPolicyName> chosen, string seed)
    {
        var free = Math.Max(0, slots.All - running.Values.Sum());
        Assert.True(chosen.Count <= free, seed);
        var after = running.ToDictionary(tenant => tenant.Key, tenant => tenant.Value + chosen.Count(name => name.Tenant == tenant.Key));
        var waiting = due.Except(chosen).Select(name => name.Tenant).Where(tenant => after[tenant] < slots.OfTenant).ToHashSet();
        Assert.True(waiting.Count == 0 || chosen.Count == free, seed);
        foreach (var tenant in chosen.Select(name => name.Tenant).Distinct())
        {
            Assert.True(after[tenant] <= slots.OfTenant, seed);
            Assert.All(waiting, other => Assert.True(after[other] + 1 >= after[tenant], seed));
            var own = due.Where(name => name.Tenant == tenant);
            Assert.Equal(own.Take(chosen.Count(name => name.Tenant == tenant)), chosen.Where(name => name.Tenant == tenant));
        }
    }
}
