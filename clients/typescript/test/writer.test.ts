import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Batch } from "../src/generated/mesh/ingestion/v1/telemetry_pb.js";
import type { StreamRequest, StreamResponse } from "../src/generated/mesh/ingestion/v1/telemetry_service_pb.js";
import { MeshClient, TelemetryWriter, services } from "../src/index.js";
import { serve } from "./server.js";

type Peer = ServerDuplexStream<StreamRequest, StreamResponse>;

/** A peer that keeps batches by number, and does what `onBatch` says instead of an acknowledgement when that answers true. */
async function peer(onBatch: (stream: Peer, batch: Batch, kept: Map<bigint, Batch>) => boolean = () => false) {
  const kept = new Map<bigint, Batch>();
  const opens: string[] = [];
  const send = (stream: Peer, message: object) => stream.write({ message } as unknown as StreamResponse);
  const server = await serve(services.telemetry, {
    stream: (stream: Peer) => {
      stream.on("error", () => {});
      stream.on("end", () => stream.end());
      stream.on("data", ({ message }: StreamRequest) => {
        if (message.case === "open") {
          opens.push(message.value.writerId);
          send(stream, { case: "opened", value: { lastDurableNumber: BigInt(kept.size), windowBatches: 4, windowBytes: 1_000_000n } });
        } else if (message.case === "batch" && !onBatch(stream, message.value, kept)) {
          kept.set(message.value.number, message.value);
          send(stream, { case: "ack", value: { number: message.value.number, rejections: [] } });
        }
      });
    },
    write: () => {},
  });
  const client = new MeshClient({ address: server.address });
  return { kept, opens, client, stop: () => { client.close(); server.stop(); } };
}

test("A batch is sent with its series, which are declared once", async () => {
  const { kept, client, stop } = await peer();
  const writer = new TelemetryWriter(client, { parent: "tenants/acme" });
  const hits = writer.series("hits_total", { app: "shop" });
  assert.equal(writer.series("hits_total", { app: "shop" }), hits);
  await writer.write({ samples: [{ series: hits, value: 1, time: 1000 }] });
  await writer.write({ samples: [{ series: hits, value: 2, time: 2000 }], logs: [{ body: "hello" }] });
  await writer.close();
  assert.deepEqual([...kept.keys()], [1n, 2n]);
  assert.deepEqual([kept.get(1n)?.series.length, kept.get(2n)?.series.length], [1, 0]);
  assert.equal(kept.get(2n)?.logs[0]?.body, "hello");
  stop();
});

test("After a broken stream all is sent once more under the same numbers and with its declarations", async () => {
  let breaks = 0;
  const { kept, opens, client, stop } = await peer((stream, batch) => {
    if (batch.number !== 2n || breaks++ > 0) return false;
    stream.emit("error", { code: status.UNAVAILABLE, details: "going away" });
    return true;
  });
  const writer = new TelemetryWriter(client, { parent: "tenants/acme", batchSize: 2 });
  const hits = writer.series("hits_total");
  for (let i = 1; i <= 10; i++) writer.sample(hits, i, i * 1000);
  await writer.flush();
  await writer.close();
  assert.deepEqual([...kept.keys()], [1n, 2n, 3n, 4n, 5n]);
  assert.deepEqual([...kept.values()].flatMap((batch) => batch.samples?.values ?? []), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(kept.get(2n)?.series.length, 1);
  assert.equal(opens.length, 2);
  assert.equal(opens[0], opens[1]);
  stop();
});

test("What cannot get better fails at once and is told to every later call", async () => {
  const { client, stop } = await peer((stream) => {
    stream.emit("error", { code: status.INVALID_ARGUMENT, details: "no" });
    return true;
  });
  const writer = new TelemetryWriter(client, { parent: "tenants/acme" });
  await assert.rejects(writer.write({ logs: [{ body: "x" }] }), { code: status.INVALID_ARGUMENT });
  await assert.rejects(writer.flush(), { code: status.INVALID_ARGUMENT });
  assert.throws(() => writer.sample(writer.series("a"), 1), { code: status.INVALID_ARGUMENT });
  stop();
});

test("A full writer refuses and takes more once there is room", async () => {
  const held: (() => void)[] = [];
  const { client, stop } = await peer((stream, batch, kept) => {
    held.push(() => {
      kept.set(batch.number, batch);
      stream.write({ message: { case: "ack", value: { number: batch.number, rejections: [] } } } as unknown as StreamResponse);
    });
    return true;
  });
  const writer = new TelemetryWriter(client, { parent: "tenants/acme", maxBatches: 1 });
  const first = writer.write({ logs: [{ body: "1" }] });
  await assert.rejects(writer.write({ logs: [{ body: "2" }] }), { reason: "WRITER_FULL" });
  const drained = writer.drained();
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  held[0]!();
  await Promise.all([first, drained]);
  assert.ok(writer.writable);
  await writer.close();
  stop();
});
