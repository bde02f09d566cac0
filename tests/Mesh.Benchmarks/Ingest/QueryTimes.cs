using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Ingestion.V1;

namespace Mesh.Benchmarks.Ingest;

/// <summary>How long questions take, asked one after another over gRPC, with everything that a caller waits for.</summary>
internal static class QueryTimes
{
    private const int Rounds = 21;

    // A runtime compiles our programs within the first; of questions that take long, fewer are asked.
    private const int FirstRounds = 300;
    private static readonly TimeSpan s_firstTime = TimeSpan.FromSeconds(15);

    /// <summary>The median in milliseconds, and how many series and points were answered.</summary>
    public static async Task<(double Milliseconds, int Series, int Points)> MeasureAsync(Uri address, Metadata headers, QueryMetricsRequest request)
    {
        using var channel = GrpcChannel.ForAddress(address);
        var client = new QueryService.QueryServiceClient(channel);
        var (times, answer) = (new List<double>(), (Series: 0, Points: 0));
        var started = Stopwatch.GetTimestamp();
        for (var round = -FirstRounds; round < Rounds; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            answer = (0, 0);
            using var call = client.QueryMetrics(request, headers);
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                answer = (answer.Series + 1, answer.Points + call.ResponseStream.Current.Values.Count);
            if (round < 0 && Stopwatch.GetElapsedTime(started) > s_firstTime)
                round = -1;
            if (round >= 0)
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        times.Sort();
        return (times[times.Count / 2], answer.Series, answer.Points);
    }

    /// <summary>One series over a day by minute: as it was, and as minutes' means.</summary>
    public static QueryMetricsRequest DayByMinute(DateTimeOffset end, bool means) => new()
    {
        Parent = "tenants/stream",
        Selector = "node_load1{instance='0-10.0.0.3:9100'}",
        StartTime = Timestamp.FromDateTimeOffset(end.AddDays(-1)),
        EndTime = Timestamp.FromDateTimeOffset(end),
        Step = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)),
        Function = means ? SeriesFunction.AvgOverTime : SeriesFunction.Unspecified,
        Window = means ? Duration.FromTimeSpan(TimeSpan.FromMinutes(1)) : null,
    };

    /// <summary>The ten series with the greatest mean over the day, of all.</summary>
    public static QueryMetricsRequest TopTen(DateTimeOffset end) => new()
    {
        Parent = "tenants/stream",
        Selector = "{job='node'}",
        EndTime = Timestamp.FromDateTimeOffset(end),
        Function = SeriesFunction.AvgOverTime,
        Window = Duration.FromTimeSpan(TimeSpan.FromDays(1)),
        Top = 10,
    };
}
