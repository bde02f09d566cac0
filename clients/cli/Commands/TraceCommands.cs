using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh traces …`: how requests went from part to part.</summary>
internal static class TraceCommands
{
    public static Command Create()
    {
        var trace = new Argument<string>("trace") { Description = "The trace's id, 32 hex digits" };
        var service = new Option<string>("--service") { Description = "Only spans of this service", DefaultValueFactory = _ => "" };
        var slow = new Option<string?>("--min-duration") { Description = "Only spans that took at least this long, for instance 2s" };
        var errors = new Option<bool>("--errors") { Description = "Only spans that ended in an error" };
        var since = new Option<string>("--since") { Description = "How far back, for instance 15m or 2d", DefaultValueFactory = _ => "1h" };
        var limit = new Option<int>("--limit") { Description = "The most traces", DefaultValueFactory = _ => 20 };
        return new Command("traces", "See how requests went from part to part")
        {
            new Command("list", "List traces by the span that was found, the newest first") { service, slow, errors, since, limit }.Does(async context =>
            {
                var start = TimeProvider.System.GetUtcNow() - MetricQuery.ParseSpan(context.Value(since)!);
                var request = new SearchTracesRequest
                {
                    Parent = await context.TenantAsync(), Service = context.Value(service), ErrorsOnly = context.Value(errors), Limit = context.Value(limit),
                    MinDuration = context.Value(slow) is { } least ? MetricQuery.ParseSpan(least).ToDuration() : null, StartTime = start.ToTimestamp(),
                };
                var found = await context.Client.Query.SearchTracesAsync(request, cancellationToken: context.CancellationToken);
                context.Output.List(found, found.Spans, ["TRACE", "WHEN", "SERVICE", "OPERATION", "TOOK", "STATUS"], s =>
                    [s.TraceId, Ago.Of(s.StartTime), s.Service, s.Operation, Took(s), Status(s)]);
            }),
            new Command("info", "Show the spans of a trace, each below the one that made it") { trace }.Does(async context =>
            {
                var request = new GetTraceRequest { Parent = await context.TenantAsync(), TraceId = context.Value(trace) };
                var found = await context.Client.Query.GetTraceAsync(request, cancellationToken: context.CancellationToken);
                context.Output.List(found, InOrder(found.Spans), ["SPAN", "AFTER", "TOOK", "SERVICE", "STATUS"], item =>
                [
                    new string(' ', 2 * item.Depth) + item.Span.Operation, Length(item.Span.StartTime.ToDateTimeOffset() - found.Spans[0].StartTime.ToDateTimeOffset()),
                    Took(item.Span), item.Span.Service, Status(item.Span),
                ]);
            }),
        };
    }

    /// <summary>Each span behind the one that made it, with the number of those above it. One whose maker is not known stands at the top.</summary>
    internal static IEnumerable<(Span Span, int Depth)> InOrder(IReadOnlyCollection<Span> spans)
    {
        var known = spans.Select(span => span.SpanId).ToHashSet(StringComparer.Ordinal);
        var below = spans.ToLookup(span => known.Contains(span.ParentSpanId) ? span.ParentSpanId : "", StringComparer.Ordinal);
        var shown = new HashSet<Span>(ReferenceEqualityComparer.Instance);
        var next = new Stack<(Span Span, int Depth)>(below[""].Reverse().Select(span => (span, 0)));
        while (true)
        {
            while (next.TryPop(out var item))
            {
                if (!shown.Add(item.Span)) continue;
                yield return item;
                foreach (var span in below[item.Span.SpanId].Reverse()) next.Push((span, item.Depth + 1));
            }
            // Spans that make each other in a ring have no beginning.
            if (spans.FirstOrDefault(span => !shown.Contains(span)) is not { } left) yield break;
            next.Push((left, 0));
        }
    }

    private static string Took(Span span) => Length(TimeSpan.FromTicks(span.DurationNanos / 100));

    private static string Length(TimeSpan span) => span.TotalSeconds >= 1 ? $"{span.TotalSeconds:0.###} s" : $"{span.TotalMilliseconds:0.###} ms";

    private static string Status(Span span) => span.Error ? span.StatusMessage is { Length: > 0 } why ? "error: " + why : "error" : "ok";
}
