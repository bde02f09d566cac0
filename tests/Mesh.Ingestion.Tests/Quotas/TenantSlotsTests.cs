using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Quotas;

namespace Mesh.Ingestion.Tests.Quotas;

public sealed class TenantSlotsTests
{
    [Fact]
    public void A_free_slot_goes_to_the_tenant_that_has_the_fewest_while_more_are_free_than_it_holds()
    {
        var slots = new TenantSlots(8);
        AlertPolicyName[] due = [.. Enumerable.Range(0, 20).Select(i => new AlertPolicyName("heavy", $"p{i}")), new("calm", "a"), new("mild", "a")];
        Assert.Equal(["heavy/p0", "calm/a", "mild/a", "heavy/p1", "heavy/p2"], Choose(slots, due, []));
        Assert.Equal(["calm/a"], Choose(slots, due, new() { ["heavy"] = 3, ["mild"] = 4 }));
        Assert.Equal(["heavy"], slots.Full(new Dictionary<string, int> { ["heavy"] = 3, ["mild"] = 2 }));
        Assert.Equal(["heavy", "mild"], slots.Full(new Dictionary<string, int> { ["heavy"] = 5, ["mild"] = 3 }));
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(2, 5, 6)]
    [InlineData(3, 4, 4, 4)]
    public void Tenants_with_many_policies_leave_room_for_whoever_has_none(int tenants, params int[] shares)
    {
        var due = Enumerable.Range(0, 60).Select(i => new AlertPolicyName($"t{i % tenants}", $"p{i}")).ToArray();
        var chosen = TenantSlots.Policies.Choose(due, name => name.Tenant, new Dictionary<string, int>());
        var held = chosen.CountBy(name => name.Tenant).ToDictionary();
        Assert.Equal(shares, held.Values.Order());
        Assert.Equal(["new/p"], Choose(TenantSlots.Policies, [.. due, new("new", "p")], held).Take(1));
    }

    [Fact]
    public void Slow_tenants_that_come_one_after_the_other_leave_room_for_a_fifth()
    {
        var held = new Dictionary<string, int>();
        foreach (var tenant in new[] { "first", "second", "third", "fourth" })
        {
            var due = Enumerable.Range(0, 20).Select(i => new AlertPolicyName(tenant, $"p{i}")).ToArray();
            held[tenant] = TenantSlots.Policies.Choose(due, name => name.Tenant, held).Count;
        }

        Assert.Equal([8, 4, 2, 1], held.Values);
        Assert.Equal(["fifth/p"], Choose(TenantSlots.Policies, [new("first", "p"), new("fifth", "p")], held));

        // Where one ends of those with most, it is a newcomer's too.
        (held["fifth"], held["first"]) = (1, 7);
        Assert.Equal(["sixth/p"], Choose(TenantSlots.Policies, [new("first", "p"), new("fifth", "p"), new("sixth", "p")], held));
    }

    [Fact]
    public void Slots_are_shared_evenly_and_none_is_left_free_that_somebody_may_take()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var slots = new TenantSlots(random.Next(1, 20));
            var tenants = Enumerable.Range(0, random.Next(1, 8)).Select(i => $"t{i}").ToArray();
            var due = Enumerable.Range(0, random.Next(0, 60)).Select(i => new AlertPolicyName(tenants[random.Next(tenants.Length)], $"p{i}")).ToArray();
            var running = tenants.ToDictionary(tenant => tenant, _ => random.Next(0, 4));
            Check(slots, due, running, slots.Choose(due, name => name.Tenant, running), $"seed {seed}");
        }
    }

    private static string[] Choose(TenantSlots slots, AlertPolicyName[] due, Dictionary<string, int> running) =>
        [.. slots.Choose(due, name => name.Tenant, running).Select(name => $"{name.Tenant}/{name.Id}")];

    private static void Check(
        TenantSlots slots, AlertPolicyName[] due, Dictionary<string, int> running, IReadOnlyList<AlertPolicyName> chosen, string seed)
    {
        var after = running.ToDictionary(tenant => tenant.Key, tenant => tenant.Value + chosen.Count(name => name.Tenant == tenant.Key));
        var free = slots.Free(running) - chosen.Count;
        Assert.True(free >= 0, seed);
        var waiting = due.Except(chosen).Select(name => name.Tenant).Distinct().ToList();
        Assert.All(waiting, tenant => Assert.True(after[tenant] >= free, seed));
        foreach (var tenant in chosen.Select(name => name.Tenant).Distinct())
        {
            Assert.True(after[tenant] <= free + 1, seed);
            Assert.All(waiting, other => Assert.True(after[other] + 1 >= after[tenant], seed));
            var own = due.Where(name => name.Tenant == tenant);
            Assert.Equal(own.Take(chosen.Count(name => name.Tenant == tenant)), chosen.Where(name => name.Tenant == tenant));
        }

        // Whoever is not looked at could have taken nothing.
        Assert.All(slots.Full(running), tenant => Assert.DoesNotContain(chosen, name => name.Tenant == tenant));
    }
}
