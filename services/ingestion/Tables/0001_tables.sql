-- Every statement may be run again at each start. Windows for deduplication tokens stand on every table that is
-- inserted into, and on the roll-up that a materialized view fills. Without them a retry would double rows.

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
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

create table if not exists samples
(
    tenant LowCardinality(String) codec(ZSTD(1)),
    series UInt64 codec(Delta, ZSTD(1)),
    time DateTime64(3, 'UTC') codec(DoubleDelta, ZSTD(1)),
    value Float64 codec(ZSTD(3))
)
engine = MergeTree
partition by toDate(time)
order by (tenant, series, time)
ttl toDateTime(time) + interval 30 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    ttl_only_drop_parts = 1;

create table if not exists samples_1m
(
    tenant LowCardinality(String) codec(ZSTD(1)),
    series UInt64 codec(Delta, ZSTD(1)),
    time DateTime('UTC') codec(DoubleDelta, ZSTD(1)),
    min SimpleAggregateFunction(min, Float64) codec(ZSTD(3)),
    max SimpleAggregateFunction(max, Float64) codec(ZSTD(3)),
    sum SimpleAggregateFunction(sum, Float64) codec(ZSTD(3)),
    count SimpleAggregateFunction(sum, UInt64) codec(T64, ZSTD(1))
)
engine = AggregatingMergeTree
partition by toYYYYMM(time)
order by (tenant, series, time)
ttl time + interval 400 day
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

create materialized view if not exists samples_to_1m to samples_1m as
select
    tenant,
    series,
    toStartOfMinute(toDateTime(samples.time)) as time,
    min(value) as min,
    max(value) as max,
    sum(value) as sum,
    count() as count
from samples
where reinterpretAsUInt64(value) != 9218868437227405314 -- what Prometheus ends a series with is no value
group by tenant, series, time;

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
