using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh metrics QUERY`.</summary>
internal static class MetricsCommand
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const int Width = 40;

    public static Command Create()
    {
        var query = new Argument<string>("query") { Description = "For instance 'sum by (process) (rate(http_requests_total{app=\"shop\"}[1m]))'" };
        var since = new Option<string>("--since") { Description = "How far back, for instance 15m or 2d", DefaultValueFactory = _ => "15m" };
        var step = new Option<string?>("--step") { Description = "The distance of two points; fits the range unless given" };
        var limit = new Option<int>("--limit") { Description = "The most series", DefaultValueFactory = _ => 100 };
        return new Command("metrics", "Query metrics") { query, since, step, limit }.Does(async context =>
        {
            var span = MetricQuery.ParseSpan(context.Value(since)!);
            var now = TimeProvider.System.GetUtcNow();
            var request = MetricQuery.Parse(context.Value(query)!);
            request.Parent = await context.TenantAsync();
            request.StartTime = (now - span).ToTimestamp();
            request.EndTime = now.ToTimestamp();
            request.Step = (context.Value(step) is { } given ? MetricQuery.ParseSpan(given) : TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(span.TotalSeconds / Width)))).ToDuration();
            request.Limit = context.Value(limit);
            using var call = context.Client.Query.QueryMetrics(request, cancellationToken: context.CancellationToken);
            var series = 0;
            await foreach (var response in call.ResponseStream.ReadAllAsync(context.CancellationToken))
            {
                series++;
                Console.WriteLine(context.Output.IsJson ? JsonFormatter.Default.Format(response) : Line(response));
            }
            if (series == 0 && !context.Output.IsJson) await Console.Error.WriteLineAsync("No series matches, or none has samples in this range.");
            return series > 0 ? ExitCodes.Ok : ExitCodes.NotFound;
        });
    }

    private static string Line(QueryMetricsResponse series)
    {
        var labels = string.Join(",", series.Labels.Select(l => $"{l.Name}=\"{l.Value}\""));
        var last = series.Values.Count > 0 ? series.Values[^1].ToString("G6", CultureInfo.InvariantCulture) : "-";
        return $"{Sparkline(series.Values)}  {last,12}  {series.Metric}{{{labels}}}";
    }

    /// <summary>The course of the values as a row of bars, between their least and their greatest.</summary>
    internal static string Sparkline(IReadOnlyList<double> values)
    {
        var finite = values.Where(double.IsFinite).ToArray();
        if (finite.Length == 0) return new string(' ', Width);
        // Halves: the distance of two numbers may be more than the greatest number.
        var (least, greatest) = (finite.Min() / 2, finite.Max() / 2);
        var bars = values.TakeLast(Width).Select(v =>
            !double.IsFinite(v) ? ' ' : greatest > least ? Bars[(int)((v / 2 - least) / (greatest - least) * (Bars.Length - 1))] : Bars[0]);
        return string.Concat(bars).PadLeft(Width);
    }
}
