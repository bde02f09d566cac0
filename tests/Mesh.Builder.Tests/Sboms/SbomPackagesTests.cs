using System.Text;
using System.Text.Json;
using Mesh.Builder.Sboms;
using Mesh.Ingestion.V1;

namespace Mesh.Builder.Tests.Sboms;

public sealed class SbomPackagesTests
{
    [Fact]
    public void Packages_that_the_contract_has_no_room_for_are_left_out()
    {
        var packages = SbomPackages.Read(Sbom(
            ("pkg:npm/a@1", "a", "1"), ("pkg:npm/b@1", "b\u0000", "1"), ("pkg:npm/c@1", new string('c', 501), "1"), ("pkg:npm/d@1", "d", new string('1', 201)),
            ("pkg:npm/" + new string('e', 1000), "e", "1"), ("", "f", "1"), ("pkg:npm/g@", "g", ""), ("pkg:npm/h@1", new string('\u00fc', 251), "1")));

        Assert.Equal(["a", "g"], packages.Select(package => package.Name));
    }

    [Fact]
    public void Batches_stay_far_below_the_largest_message_and_lose_nothing()
    {
        var packages = Enumerable.Range(0, 5_000).Select(number => new ImagePackage { Purl = $"pkg:npm/{new string('p', 900)}{number}", Name = "p", Version = "1" }).ToList();

        var batches = SbomPackages.Batches(packages).ToList();

        Assert.Equal(packages, batches.SelectMany(batch => batch.Packages));
        Assert.All(batches, batch => Assert.InRange(batch.CalculateSize(), 1, 1 << 20));
        Assert.All(SbomPackages.Batches([.. packages.Select(_ => new ImagePackage { Purl = "p", Name = "p" })]), batch => Assert.InRange(batch.Packages.Count, 1, 1_000));
        Assert.Empty(SbomPackages.Batches([]));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"components":[{"name":"a"}]}""")]
    [InlineData("no JSON")]
    public void What_is_no_SBOM_of_ours_is_refused(string text) =>
        Assert.ThrowsAny<JsonException>(() => SbomPackages.Read(Encoding.UTF8.GetBytes(text)).ToList());

    [Fact]
    public void Attempts_are_put_off_longer_and_longer_up_to_a_minute()
    {
        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 8).Select(attempts => SbomOutbox.PauseAfter(attempts, 0).TotalSeconds));
        Assert.Equal(60, SbomOutbox.PauseAfter(int.MaxValue, 1).TotalSeconds);
    }

    private static byte[] Sbom(params (string Purl, string Name, string Version)[] components) => JsonSerializer.SerializeToUtf8Bytes(
        new { bomFormat = "CycloneDX", components = components.Select(component => new { type = "library", purl = component.Purl, name = component.Name, version = component.Version }) });
}
