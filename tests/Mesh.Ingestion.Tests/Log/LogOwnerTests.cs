using Mesh.Ingestion.Tests.Servers;
using Mesh.Testing;
using Xunit.Sdk;

namespace Mesh.Ingestion.Tests.Log;

[Trait("Needs", "servers")]
public sealed class LogOwnerTests
{
    [Fact]
    public async Task A_second_program_is_kept_out_of_a_log_until_the_first_has_ended()
    {
        using var folder = new TemporaryFolder();
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        // Neither needs the tables for its log.
        var nowhere = new Uri("http://127.0.0.1:9");
        await using var first = new IngestionProcess(folder.Path, nowhere, postgres);
        await using var second = new IngestionProcess(folder.Path, nowhere, postgres);
        await first.StartAsync();
        await Assert.ThrowsAsync<FalseException>(second.StartAsync);
        await Wait.UntilAsync("it says why", () => second.Output.Contains("Another program writes the log", StringComparison.Ordinal));

        await first.KillAsync();
        await second.StartAsync();
    }
}
