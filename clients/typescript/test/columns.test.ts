import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BatchSchema } from "../src/generated/mesh/ingestion/v1/telemetry_pb.js";
import { labels } from "../src/index.js";
import { batchOf, declarationOf } from "../src/telemetry/columns.js";

const cpu = { ref: 1, metric: "cpu_seconds_total", labels: { host: "a", core: "0" } };
const load = { ref: 2, metric: "load1", labels: {} };

test("Samples travel as columns, their times as differences", () => {
  const batch = fromBinary(BatchSchema, toBinary(BatchSchema, batchOf({
    samples: [{ series: cpu, value: 1.5, time: 1_000_000 }, { series: load, value: NaN, time: 1_000_250.4 }, { series: cpu, value: -2, time: 999_000 }],
  })));
  assert.deepEqual(batch.samples?.seriesRefs, [1, 2, 1]);
  assert.deepEqual(batch.samples?.timeDeltasMillis, [1_000_000n, 250n, -1250n]);
  assert.deepEqual(batch.samples?.values, [1.5, NaN, -2]);
});

test("A batch without samples has no columns", () => assert.equal(batchOf({ logs: [{ body: "hello" }] }).samples, undefined));

test("A declaration has the labels by name", () => {
  const declaration = declarationOf(cpu);
  assert.deepEqual([declaration.ref, declaration.metric], [1, "cpu_seconds_total"]);
  assert.deepEqual(declaration.labels.map((label) => label.name), ["core", "host"]);
  assert.deepEqual(labels({}), []);
});
