namespace Mesh.Ingestion.Query;

/// <summary>
/// Composes the statement of a metric query. Point k lies at start + k · step and sees the samples of the window that
/// ends there: later than point − window, at the point at the latest, as in Prometheus.
/// </summary>
internal static class MetricSql
{
    /// <summary>One row per series that the selector matches: metric, labels, the numbers of its points, their values.</summary>
    public static string PerSeries(MetricQuery query, SqlParameters parameters) =>
        $"""
        with matched as ({Matched(query.Tenant, query.Selector, parameters)}),
        points as ({Points(query, AllMatched, parameters)})
        select m.metric, m.labels, p.numbers, p.joined
        from ({Joined(query, parameters)}) as p
        inner join matched as m on m.id = p.series
        order by {(query.Top == 0 ? "p.series" : Mean)}
        """ + Limits;

    /// <summary>
    /// The samples later than a time that the query's points are reckoned from, in the order of series and time: see
    /// <see cref="SampleRow.OfSample"/>. The columns are those that are stored: planning what they stand for would cost more than reading them.
    /// </summary>
    public static string SampleRows(MetricQuery query, IEnumerable<ulong> ids, long after, SqlParameters parameters) =>
        $"""
        select series, s.time as time, s.scale, s.mantissa
        from samples as s
        where {Range(query, after, Named(ids), parameters)}
        """ + InOrder;

    /// <summary>The minutes that the query's points are reckoned from, in the order of series and time: see <see cref="SampleRow.OfMinute"/>.</summary>
    public static string MinuteRows(MetricQuery query, IEnumerable<ulong> ids, SqlParameters parameters) =>
        $"""
        select series, s.time as time, s.scale, s.min_mantissa, s.max_mantissa, s.sum_mantissa, s.sum_raw, s.count
        from samples_1m as s
        where {MinuteRange(query, Named(ids), parameters)}
        """ + InOrder;

    /// <summary>One row per group: its labels' values, the numbers of its points, their values.</summary>
    public static string PerGroup(MetricQuery query, IReadOnlyList<string> by, SqlParameters parameters)
    {
        var keys = by.Count == 0
            ? "emptyArrayString()"
            : $"[{string.Join(", ", by.Select(label => label == Matcher.MetricLabel ? "toString(metric)" : $"labels[{parameters.Text(label)}]"))}]";
        return $"""
            with matched as ({Matched(query.Tenant, query.Selector, parameters)}),
            points as ({Points(query, AllMatched, parameters)})
            select keys, tupleElement(found, 1), tupleElement(found, 2) as joined
            from
            (
                select keys, arraySort(groupArray((toInt32(k), value))) as found
                from
                (
                    select m.keys as keys, p.k as k, {Join(query.Aggregation)} as value
                    from points as p
                    inner join (select id, {keys} as keys from matched) as m on m.id = p.series
                    group by keys, k
                )
                group by keys
            )
            {Limit(query, "keys", parameters)}
            """ + Limits;
    }

    /// <summary>The series that a selector matches.</summary>
    public static string Matched(string tenant, Selector selector, SqlParameters parameters) =>
        $"""
        select s.id as id, s.metric as metric, s.labels as labels
        from series as s
        where s.tenant = {parameters.Text(tenant)}{LabelConditions.Of(selector, parameters, "s.labels", "s.metric")}
        limit 1 by id
        """;

    /// <summary>What one question may cost the database; less time than one attempt of the client has.</summary>
    public const string Limits = "\nsettings max_execution_time = 20, max_memory_usage = 4000000000";

    // For few rows, sorting costs less than reading every part in order, and filtering once less than column by column.
    private const string InOrder = "\norder by series, time" + Limits + ", optimize_read_in_order = 0, optimize_move_to_prewhere = 0";

    private const string Mean = "arrayAvg(joined) desc";
    private const string AllMatched = "(select id from matched)";

    private static string Limit(MetricQuery query, string order, SqlParameters parameters) => query.Top == 0
        ? $"order by {order} limit {parameters.Number(query.Limit + 1L)}"
        : $"order by {Mean} limit {parameters.Number(Math.Min(query.Top, query.Limit))}";

    // Arrays are sorted at the end: several threads fill them.
    private static string Joined(MetricQuery query, SqlParameters parameters) =>
        $"""
        select series, tupleElement(found, 1) as numbers, tupleElement(found, 2) as joined
        from (select series, arraySort(groupArray((toInt32(k), value))) as found from points group by series)
        {Limit(query, "series", parameters)}
        """;

    private static string Named(IEnumerable<ulong> ids) => $"({string.Join(',', ids)})";

    private static string Points(MetricQuery query, string ids, SqlParameters parameters) => query.Function switch
    {
        V1.SeriesFunction.Unspecified => LastValues(query, ids, parameters),
        V1.SeriesFunction.Rate or V1.SeriesFunction.Increase => Increases(query, ids, parameters),
        _ => OverTime(query, ids, parameters),
    };

    // The last sample before each point is found first; it then stands for the points up to the next sample or the look-back.
    private static string LastValues(MetricQuery query, string ids, SqlParameters parameters)
    {
        var (start, step, last) = (query.Start, query.Step, query.Points - 1);
        return $"""
            select series, arrayJoin(range(toUInt32(first), toUInt32(greatest(first, least(next, beyond))))) as k, value
            from
            (
                select
                    series, value, greatest(bucket, 0) as first,
                    least(intDiv(at + {MetricQuery.LookBack - 1} - {start} + {step}, {step}), {last + 1}) as beyond,
                    leadInFrame(bucket, 1, toInt64({last + 1})) over (
                        partition by series order by bucket rows between unbounded preceding and unbounded following) as next
                from ({LastInBuckets(query, ids, parameters)})
            )
            where next > first and beyond > first and {NotStale("value")}
            """;
    }

    // The last sample of those that come between the same two points.
    private static string LastInBuckets(MetricQuery query, string ids, SqlParameters parameters) =>
        $"""
        select series, {FirstPoint("s.time", query)} as bucket, argMax(s.value, s.time) as value, toUnixTimestamp64Milli(max(s.time)) as at
        from samples as s
        where {Range(query, query.After, ids, parameters)}
        group by series, bucket
        """;

    // What a counter grew from sample to sample; a fall is a reset, after which the value itself is the growth.
    private static string Increases(MetricQuery query, string ids, SqlParameters parameters)
    {
        var value = query.Function == V1.SeriesFunction.Rate ? $"sum(growth) / {query.Window / 1000.0:R}" : "sum(growth)";
        return $"""
            select series, k, {value} as value
            from
            (
                select
                    series, time,
                    lagInFrame(value, 1, value) over (
                        partition by series order by time rows between unbounded preceding and current row) as before,
                    if(value < before, value, value - before) as growth
                from samples as s
                where {Range(query, query.After, ids, parameters)} and {NotStale("s.value")}
            )
            array join {PointsOf("time", query)} as k
            group by series, k
            """;
    }

    private static string OverTime(MetricQuery query, string ids, SqlParameters parameters)
    {
        var value = query.Function switch
        {
            V1.SeriesFunction.AvgOverTime => "sum(s.sum) / sum(s.count)",
            V1.SeriesFunction.MinOverTime => "min(s.min)",
            V1.SeriesFunction.MaxOverTime => "max(s.max)",
            V1.SeriesFunction.SumOverTime => "sum(s.sum)",
            _ => "toFloat64(sum(s.count))",
        };
        var rows = query.IsOfMinutes ? Minutes(query, ids, parameters) : Samples(query, "", ids, parameters);
        // Windows that follow each other without a gap see each row once.
        return query.Window == query.Step || query.Points == 1
            ? $"""
                select series, {(query.Points == 1 ? "toUInt32(0)" : FirstPoint("time", query))} as k, {value} as value
                from ({rows}) as s
                group by series, k
                having k >= 0
                """
            : $"""
                select series, k, {value} as value
                from ({rows}) as s
                array join {PointsOf("time", query)} as k
                group by series, k
                """;
    }

    private static string Samples(MetricQuery query, string condition, string ids, SqlParameters parameters) =>
        $"""
        select series, time, s.value as min, s.value as max, s.value as sum, toUInt64(1) as count
        from samples as s
        where {Range(query, query.After, ids, parameters)}{condition} and {NotStale("s.value")}
        """;

    // A row of a minute stands where its minute ends: it is seen by the same points as each of its samples.
    private static string Minutes(MetricQuery query, string ids, SqlParameters parameters) =>
        $"""
        select series, toDateTime64(s.time, 3, 'UTC') + interval 1 minute as time, s.min as min, s.max as max, s.sum as sum, s.count as count
        from samples_1m as s
        where {MinuteRange(query, ids, parameters)}
        union all
        {Samples(query, $" and s.time > fromUnixTimestamp64Milli({parameters.Number(query.RolledUp)})", ids, parameters)}
        """;

    // Prometheus ends a series by a NaN of its own, 0x7ff0000000000002: from there on the series has no value.
    public static string NotStale(string value) => $"reinterpretAsUInt64({value}) != 9218868437227405314";

    private static string MinuteRange(MetricQuery query, string ids, SqlParameters parameters) =>
        $"s.tenant = {parameters.Text(query.Tenant)} and s.series in {ids}"
        + $" and s.time >= toDateTime({parameters.Number(query.After / 1000)})"
        + $" and s.time < toDateTime({parameters.Number(Math.Min(query.End, query.RolledUp) / 1000)})";

    private static string Range(MetricQuery query, long after, string ids, SqlParameters parameters) =>
        $"s.tenant = {parameters.Text(query.Tenant)} and s.series in {ids}"
        + $" and s.time > fromUnixTimestamp64Milli({parameters.Number(after)})"
        + $" and s.time <= fromUnixTimestamp64Milli({parameters.Number(query.End)})";

    // The first point that sees a sample of this time; below 0 where it lies before the range.
    private static string FirstPoint(string time, MetricQuery query) =>
        $"intDiv(toUnixTimestamp64Milli({time}) - {query.Start} + {query.Step * Offset(query) + query.Step - 1}, {query.Step}) - {Offset(query)}";

    private static string PointsOf(string time, MetricQuery query) =>
        $"range(toUInt32(greatest(0, {FirstPoint(time, query)})), toUInt32(greatest(0, least({query.Points}, "
        + $"intDiv(toUnixTimestamp64Milli({time}) + {query.Window - 1} - {query.Start} + {query.Step * Offset(query) + query.Step}, {query.Step})"
        + $" - {Offset(query)}))))";

    // Division rounds towards zero; this many steps are added before and taken off after it so that nothing is negative.
    private static long Offset(MetricQuery query) => (query.Window + 2 * MetricQuery.LookBack) / query.Step + 2;

    private static string Join(V1.Aggregation aggregation) => aggregation switch
    {
        V1.Aggregation.Avg => "avg(p.value)",
        V1.Aggregation.Min => "min(p.value)",
        V1.Aggregation.Max => "max(p.value)",
        V1.Aggregation.Count => "toFloat64(count())",
        _ => "sum(p.value)",
    };
}
