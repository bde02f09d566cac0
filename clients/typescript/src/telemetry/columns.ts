// From items to the columns that travel.
import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { BatchSchema, LabelSchema, SamplesSchema, SeriesDeclarationSchema } from "../generated/mesh/ingestion/v1/telemetry_pb.js";
import type { Batch, EventSchema, Label, LogRecordSchema, SeriesDeclaration, SpanSchema } from "../generated/mesh/ingestion/v1/telemetry_pb.js";

/** Labels as an object. */
export type Labels = Readonly<Record<string, string>>;

/** A series that a writer knows. Made by `TelemetryWriter.series`. */
export interface Series {
  readonly ref: number;
  readonly metric: string;
  readonly labels: Labels;
}

/** One value of a series. */
export interface Sample {
  readonly series: Series;
  readonly value: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number;
}

/** A log record, span or event with its labels as the generated messages have them. `labels()` makes those. */
export type LogInit = MessageInitShape<typeof LogRecordSchema>;
export type SpanInit = MessageInitShape<typeof SpanSchema>;
export type EventInit = MessageInitShape<typeof EventSchema>;

/** What is written and acknowledged as a whole. */
export interface Items {
  readonly samples?: readonly Sample[];
  readonly logs?: readonly LogInit[];
  readonly spans?: readonly SpanInit[];
  readonly events?: readonly EventInit[];
}

/** The batch without its number and declarations, which depend on the stream that carries it. */
export function batchOf(items: Items): Batch {
  const batch = create(BatchSchema, { logs: [...(items.logs ?? [])], spans: [...(items.spans ?? [])], events: [...(items.events ?? [])] });
  if (items.samples?.length) batch.samples = samplesOf(items.samples);
  return batch;
}

/** The declaration of a series. */
export function declarationOf(series: Series): SeriesDeclaration {
  return create(SeriesDeclarationSchema, { ref: series.ref, metric: series.metric, labels: labels(series.labels) });
}

/** Labels as messages, by name. */
export function labels(values: Labels): Label[] {
  return Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => create(LabelSchema, { name, value }));
}

/** A time as a message; now when none is given. */
export function time(value: Date | number = Date.now()): Timestamp {
  return timestampFromMs(Number(value));
}

function samplesOf(samples: readonly Sample[]) {
  const columns = create(SamplesSchema);
  let before = 0;
  for (const sample of samples) {
    const at = Math.round(sample.time);
    columns.seriesRefs.push(sample.series.ref);
    columns.timeDeltasMillis.push(BigInt(at - before));
    columns.values.push(sample.value);
    before = at;
  }
  return columns;
}
