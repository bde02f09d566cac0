namespace Mesh.Ingestion.Tests.Crash;

[Trait("Needs", "servers")]
public sealed class CrashTests
{
    [Theory]
    [InlineData(1)]
    public async Task Every_acknowledged_sample_is_in_the_table_once_whatever_is_killed(int seed) =>
        Assert.True(await CrashRun.RunAsync(seed, rounds: 20) > 0);
}
