import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { BatchSchema, RejectionSchema } from "../src/generated/mesh/ingestion/v1/telemetry_pb.js";
import { Outbox } from "../src/telemetry/outbox.js";

const wide = { batches: 100, bytes: 1_000_000 };

function outbox(count: number) {
  const done: string[] = [];
  const box = new Outbox();
  for (let i = 1; i <= count; i++) {
    box.add({
      batch: create(BatchSchema, { logs: [{ body: "x".repeat(100) }] }), series: [],
      durable: (rejections) => done.push(`${i}:${rejections.length}`), failed: () => done.push(`${i}:failed`),
    });
  }
  return { box, done, take: () => { const numbers: number[] = []; for (let e = box.take(); e; e = box.take()) numbers.push(Number(e.number)); return numbers; } };
}

test("Nothing is sent before the stream is open", () => assert.equal(outbox(1).box.take(), undefined));

test("Numbers go on from what the service has", () => {
  const { box, take } = outbox(3);
  box.opened(7n, wide);
  assert.deepEqual(take(), [8, 9, 10]);
});

test("The window bounds what is not acknowledged", () => {
  const { box, take, done } = outbox(5);
  box.opened(0n, { batches: 2, bytes: 1_000_000 });
  assert.deepEqual(take(), [1, 2]);
  box.acknowledged(1n, []);
  assert.deepEqual(take(), [3]);
  assert.deepEqual(done, ["1:0"]);
});

test("The window bounds bytes, but one batch always passes", () => {
  const { box, take } = outbox(3);
  box.opened(0n, { batches: 10, bytes: 10 });
  assert.deepEqual(take(), [1]);
  box.acknowledged(1n, []);
  assert.deepEqual(take(), [2]);
});

test("After a break, what is not durable goes again under its numbers, and what is durable does not", () => {
  const { box, take, done } = outbox(4);
  box.opened(0n, { batches: 3, bytes: 1_000_000 });
  assert.deepEqual(take(), [1, 2, 3]);
  box.broken();
  box.opened(2n, wide);
  assert.deepEqual(done, ["1:0", "2:0"]);
  assert.deepEqual(take(), [3, 4]);
});

test("One acknowledgement settles many, and what was refused is told once", () => {
  const { box, take, done } = outbox(3);
  box.opened(0n, wide);
  take();
  box.acknowledged(2n, [create(RejectionSchema, { count: 1n, reason: "TOO_OLD" })]);
  assert.deepEqual(done, ["1:0", "2:1"]);
  box.fail(new Error("over"));
  assert.deepEqual(done, ["1:0", "2:1", "3:failed"]);
  assert.equal(box.size, 0);
});
