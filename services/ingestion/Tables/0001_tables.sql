-- Every statement may be run again at each start. Settings and TTLs hold for tables too that an earlier version made: what differs is
-- altered. Columns, orders, indexes and granularities stay those with which a table was made.
-- Windows for deduplication tokens stand on every table that is inserted into. Without them a retry would double rows.

create table if not exists series
(
    id UInt64 codec(Delta, ZSTD(1)),
    tenant LowCardinality(String),
    metric LowCardinality(String),
    labels Map(LowCardinality(String), String) codec(ZSTD(3)),
    seen DateTime('UTC') codec(Delta, ZSTD(1))
)
engine = ReplacingMergeTree(seen)
order by (tenant, metric, id)
ttl seen + interval 400 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 1024;

-- A value is a whole number and how many of its digits are decimals, 255 means the bits of a double. Queries read the column
-- value. The order is that of the blocks as they are inserted. Merging costs more than inserting, so few large merges are
-- made and no small ones. Granules are small, because most questions are about few series in many parts.
-- A day becomes one part when nothing of it has come for five minutes.
create table if not exists samples
(
    tenant LowCardinality(String) codec(ZSTD(1)),
    series UInt64 codec(ZSTD(1)),
    time DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    scale UInt8 codec(ZSTD(1)),
    mantissa Int64 codec(Delta, T64('bit'), ZSTD(1)),
    value Float64 alias if(scale > 18, reinterpret(mantissa, 'Float64'), mantissa / [1., 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
        1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18][scale + 1])
)
engine = MergeTree
partition by toDate(time)
order by (tenant, series, time)
ttl toDateTime(time) + interval 30 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    ttl_only_drop_parts = 1, min_parts_to_merge_at_once = 12, vertical_merge_algorithm_min_columns_to_activate = 1,
    index_granularity = 2048, min_age_to_force_merge_seconds = 300, min_age_to_force_merge_on_partition_only = 1;

-- Before roll-ups were made by the drain, a view made them.
drop view if exists samples_to_1m;

-- A row stands for the samples later than its time and up to a minute later, as windows of queries see them.
-- Values of one scale are added as whole numbers, raw ones as doubles, their least and greatest in an order of whole numbers.
create table if not exists samples_1m
(
    tenant LowCardinality(String) codec(ZSTD(1)),
    series UInt64 codec(ZSTD(1)),
    time DateTime('UTC') codec(Delta, ZSTD(1)),
    scale UInt8 codec(ZSTD(1)),
    min_mantissa SimpleAggregateFunction(min, Int64) codec(Delta, T64('bit'), ZSTD(1)),
    max_mantissa SimpleAggregateFunction(max, Int64) codec(Delta, T64('bit'), ZSTD(1)),
    sum_mantissa SimpleAggregateFunction(sum, Int64) codec(Delta, T64('bit'), ZSTD(1)),
    sum_raw SimpleAggregateFunction(sum, Float64) codec(ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) codec(T64, ZSTD(1)),
    min Float64 alias if(scale > 18, reinterpret(bitXor(min_mantissa, if(min_mantissa < 0, 9223372036854775807, 0)), 'Float64'),
        min_mantissa / [1., 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18][scale + 1]),
    max Float64 alias if(scale > 18, reinterpret(bitXor(max_mantissa, if(max_mantissa < 0, 9223372036854775807, 0)), 'Float64'),
        max_mantissa / [1., 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18][scale + 1]),
    sum Float64 alias if(scale > 18, sum_raw,
        sum_mantissa / [1., 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18][scale + 1])
)
engine = AggregatingMergeTree
partition by toYYYYMM(time)
order by (tenant, series, time, scale)
ttl time + interval 400 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 8, vertical_merge_algorithm_min_columns_to_activate = 1, index_granularity = 2048,
    min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;

create table if not exists logs
(
    tenant LowCardinality(String) codec(ZSTD(1)),
    time DateTime64(9, 'UTC') codec(Delta, ZSTD(1)),
    severity UInt8 codec(ZSTD(1)),
    body String codec(ZSTD(3)),
    labels Map(LowCardinality(String), String) codec(ZSTD(1)),
    trace_id String codec(ZSTD(1)),
    span_id String codec(ZSTD(1)),
    index trace_ids trace_id type bloom_filter(0.01) granularity 1,
    index words lower(body) type tokenbf_v1(16384, 3, 0) granularity 1
)
engine = MergeTree
partition by toDate(time)
order by (tenant, time)
ttl toDateTime(time) + interval 14 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    ttl_only_drop_parts = 1;

create table if not exists spans
(
    tenant LowCardinality(String) codec(ZSTD(1)),
    trace_id String codec(ZSTD(1)),
    span_id String codec(ZSTD(1)),
    parent_span_id String codec(ZSTD(1)),
    operation LowCardinality(String) codec(ZSTD(1)),
    service LowCardinality(String) codec(ZSTD(1)),
    kind UInt8 codec(ZSTD(1)),
    start DateTime64(9, 'UTC') codec(Delta, ZSTD(1)),
    duration Int64 codec(ZSTD(1)),
    error UInt8 codec(ZSTD(1)),
    status_message String codec(ZSTD(1)),
    attributes Map(LowCardinality(String), String) codec(ZSTD(1)),
    index trace_ids trace_id type bloom_filter(0.001) granularity 1
)
engine = MergeTree
partition by toDate(start)
order by (tenant, service, start)
ttl toDateTime(start) + interval 14 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    ttl_only_drop_parts = 1;

create table if not exists events
(
    tenant LowCardinality(String) codec(ZSTD(1)),
    time DateTime64(9, 'UTC') codec(Delta, ZSTD(1)),
    type LowCardinality(String) codec(ZSTD(1)),
    subject String codec(ZSTD(1)),
    labels Map(LowCardinality(String), String) codec(ZSTD(1)),
    body String codec(ZSTD(3))
)
engine = MergeTree
partition by toYYYYMM(time)
order by (tenant, time)
ttl toDateTime(time) + interval 90 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    ttl_only_drop_parts = 1;
