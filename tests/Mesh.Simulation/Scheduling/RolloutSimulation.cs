using System.Globalization;
using System.Security.Cryptography;
using Xunit.Abstractions;

namespace Mesh.Simulation.Scheduling;

/// <summary>
/// Thousands of histories of the pure cores. Each run prints its first seed and draws others than the last run; a failure names its
/// own seed, and MESH_SIMULATION_SEED begins there: the same seed gives the same history.
/// </summary>
public sealed class RolloutSimulation(ITestOutputHelper output)
{
    private const int Histories = 1500;

    [Fact]
    public void With_faults_nothing_is_over_capacity_nothing_served_is_stopped_and_all_settles() => Run(faults: true);

    [Fact]
    public void Without_faults_no_rollout_ever_has_too_few_serving() => Run(faults: false);

    private void Run(bool faults)
    {
        var first = Environment.GetEnvironmentVariable("MESH_SIMULATION_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : RandomNumberGenerator.GetInt32(1_000_000_000);
        output.WriteLine($"seeds from {first}");
        for (var seed = first; seed < first + Histories; seed++)
        {
            try
            {
                History(seed, faults);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, faults {faults}: {e.Message}");
            }
        }
    }

    private static void History(int seed, bool faults)
    {
        var world = new SimulatedWorld(seed, faults);
        Settle(world);
        for (var change = 0; change < 4; change++)
        {
            world.Change(mayScale: faults);
            for (var step = 0; step < 60; step++)
                world.Step(calm: false);
            Settle(world);
        }
    }

    private static void Settle(SimulatedWorld world)
    {
        for (var step = 0; step < 400 && (world.Unsettled() is not null || step < 20); step++)
            world.Step(calm: true);
        Assert.True(world.Unsettled() is null, world.Unsettled());
    }
}
