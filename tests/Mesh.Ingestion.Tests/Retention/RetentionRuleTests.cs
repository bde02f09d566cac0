using System.ComponentModel.DataAnnotations;
using Mesh.Ingestion.Retention;

namespace Mesh.Ingestion.Tests.Retention;

public sealed class RetentionRuleTests
{
    [Fact]
    public void Rules_are_read() => Assert.Equal(
        [new RetentionRule("acme", "logs", 3), new RetentionRule("other", "samples_1m", 90), new RetentionRule("*", "spans", 7)],
        RetentionRule.ParseAll("acme:logs=3, other:samples_1m=90, *:spans=7"));

    [Theory]
    [InlineData("acme:logs")]
    [InlineData("acme:series=3")]
    [InlineData("acme:logs=0")]
    [InlineData("a'b:logs=3")]
    [InlineData("acme:logs=3=4")]
    public void What_is_no_rule_is_told(string text) => Assert.Throws<ValidationException>(() => RetentionRule.ParseAll(text));
}
