using Mesh.Cli.Commands;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Tests.Commands;

public sealed class TraceCommandsTests
{
    [Fact]
    public void Each_span_stands_below_the_one_that_made_it_and_none_is_lost()
    {
        Span[] spans =
        [
            Span("a", ""), Span("b", "a"), Span("c", "a"), Span("d", "b"), Span("e", "gone"), Span("ring", "round"), Span("round", "ring"), Span("a", ""),
        ];
        Assert.Equal(
            [("a", 0), ("b", 1), ("d", 2), ("c", 1), ("e", 0), ("a", 0), ("ring", 0), ("round", 1)],
            TraceCommands.InOrder(spans).Select(item => (item.Span.SpanId, item.Depth)));
    }

    private static Span Span(string id, string parent) => new() { SpanId = id, ParentSpanId = parent };
}
