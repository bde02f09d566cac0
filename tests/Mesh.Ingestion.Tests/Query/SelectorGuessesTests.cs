using System.Text.Json;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Tests.Query;

public sealed class SelectorGuessesTests
{
    [Fact]
    public void What_a_selector_matched_is_known_for_its_tenant_and_however_it_is_written()
    {
        using var guesses = new SelectorGuesses();
        guesses.Keep("acme", Parse("up{job='node'}"), Series(1, 2));
        Assert.Equal([1UL, 2UL], guesses.Of("acme", Parse("up{ job = \"node\" }")));
        Assert.Null(guesses.Of("other", Parse("up{job='node'}")));
        Assert.Null(guesses.Of("acme", Parse("up{job!='node'}")));
        Assert.Null(guesses.Of("acme", Parse("up")));
    }

    [Fact]
    public void What_it_matches_no_more_is_forgotten()
    {
        using var guesses = new SelectorGuesses();
        foreach (var later in new[] { null, Series() })
        {
            guesses.Keep("acme", Parse("up"), Series(1));
            Assert.NotNull(guesses.Of("acme", Parse("up")));
            guesses.Keep("acme", Parse("up"), later);
            Assert.Null(guesses.Of("acme", Parse("up")));
        }
    }

    [Fact]
    public void Many_long_selectors_do_not_stay()
    {
        using var guesses = new SelectorGuesses();
        for (var i = 0; i < 10_000; i++)
            guesses.Keep("acme", Long(i), Series(1));
        // Each takes some eight kilobytes.
        Assert.InRange(Enumerable.Range(0, 10_000).Count(i => guesses.Of("acme", Long(i)) is not null), 0, 2_500);
    }

    private static Selector Long(int i) => Parse($"up{{job='{i}',path='{new string('x', 3_900)}'}}");

    private static Selector Parse(string text) => Selector.Parse(text, "selector");

    private static FewSeries Series(params ulong[] ids)
    {
        var series = new FewSeries();
        foreach (var id in ids)
            series.Add(id, "up", default(JsonElement));
        return series;
    }
}
