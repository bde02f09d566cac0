import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { clone, create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { MeshClient } from "../client.js";
import { MeshError } from "../errors.js";
import { StreamRequestSchema } from "../generated/mesh/ingestion/v1/telemetry_service_pb.js";
import type { StreamRequest, StreamResponse } from "../generated/mesh/ingestion/v1/telemetry_service_pb.js";
import { BatchSchema } from "../generated/mesh/ingestion/v1/telemetry_pb.js";
import type { Batch, Rejection } from "../generated/mesh/ingestion/v1/telemetry_pb.js";
import { batchOf, declarationOf } from "./columns.js";
import type { Items, Labels, Sample, Series } from "./columns.js";
import { Outbox } from "./outbox.js";
import type { Entry } from "./outbox.js";
import { Signal } from "./signal.js";

/** How a writer works. */
export interface TelemetryWriterOptions {
  /** `tenants/{tenant}`. */
  readonly parent: string;
  /** A UUID of the writer's own. One that is kept over restarts lets a program send again without doubling. */
  readonly writerId?: string;
  /** How many samples make a batch; 1,000 by default. */
  readonly batchSize?: number;
  /** How long a sample may wait for its batch to fill, in milliseconds; 1,000 by default. */
  readonly batchAgeMs?: number;
  /** How many batches may wait; then the writer refuses. 256 by default. */
  readonly maxBatches?: number;
  /** How long the service may be away before the writer gives up, in milliseconds; 60,000 by default. */
  readonly patienceMs?: number;
  /** Is told what was refused of samples that were written with `sample`. */
  readonly onRejected?: (rejections: readonly Rejection[]) => void;
}

const fatal: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT, status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.NOT_FOUND, status.FAILED_PRECONDITION,
  status.ABORTED, status.UNIMPLEMENTED, status.OUT_OF_RANGE,
]);

/**
 * Writes telemetry over one stream that is opened again when it breaks. What is acknowledged is durable and written once; what is
 * not is sent again under its number. Bounded: a full writer throws RESOURCE_EXHAUSTED (`WRITER_FULL`); `drained` waits for room.
 */
export class TelemetryWriter {
  readonly #client: MeshClient;
  readonly #options: Required<Omit<TelemetryWriterOptions, "onRejected">> & Pick<TelemetryWriterOptions, "onRejected">;
  readonly #series = new Map<string, Series>();
  readonly #outbox = new Outbox();
  readonly #changed = new Signal();
  #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #answers = 0;
  #closing = false;
  #failure: MeshError | undefined;

  constructor(client: MeshClient, options: TelemetryWriterOptions) {
    this.#client = client;
    this.#options = { writerId: randomUUID(), batchSize: 1000, batchAgeMs: 1000, maxBatches: 256, patienceMs: 60_000, ...options };
  }

  /** A series to write samples of; the same one for the same metric and labels. */
  series(metric: string, labels: Labels = {}): Series {
    const key = JSON.stringify([metric, Object.entries(labels).sort()]);
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = { ref: this.#series.size + 1, metric, labels: { ...labels } }));
    return series;
  }

  /** Adds one sample to the present batch. `flush` waits until it is durable. */
  sample(series: Series, value: number, time: Date | number = Date.now()): void {
    this.#demandRoom();
    this.#samples.push({ series, value, time: Number(time) });
    if (this.#samples.length >= this.#options.batchSize) this.#seal();
    else this.#timer ??= setTimeout(() => this.#seal(), this.#options.batchAgeMs);
  }

  /** Writes one batch; answers, once it is durable, what was not taken of it. */
  async write(items: Items): Promise<readonly Rejection[]> {
    this.#demandRoom();
    return this.#enqueue(items);
  }

  /** Whether the writer takes more. */
  get writable(): boolean {
    return !this.#failure && !this.#closing && this.#outbox.size < this.#options.maxBatches;
  }

  /** Waits until the writer takes more. */
  async drained(): Promise<void> {
    while (!this.#failure && this.#outbox.size >= this.#options.maxBatches) await this.#changed.wait();
    if (this.#failure) throw this.#failure;
  }

  /** Waits until all that was written is durable. */
  async flush(): Promise<void> {
    this.#seal();
    while (!this.#failure && this.#outbox.size > 0) await this.#changed.wait();
    if (this.#failure) throw this.#failure;
  }

  /** Waits until all is durable and ends the stream. */
  async close(): Promise<void> {
    this.#seal();
    this.#closing = true;
    this.#changed.notify();
    await this.#running;
    if (this.#failure) throw this.#failure;
  }

  #demandRoom(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closing) throw new MeshError({ code: status.FAILED_PRECONDITION, reason: "WRITER_CLOSED", message: "The writer is closed." });
    if (!this.writable) throw new MeshError({ code: status.RESOURCE_EXHAUSTED, reason: "WRITER_FULL", message: "Too many batches wait to be acknowledged." });
  }

  #seal(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#samples.length === 0 || this.#failure) return;
    const samples = this.#samples;
    this.#samples = [];
    this.#enqueue({ samples }).then(
      (rejections) => { if (rejections.length > 0) this.#options.onRejected?.(rejections); },
      () => {}, // The failure is kept: every later call throws it.
    );
  }

  #enqueue(items: Items): Promise<readonly Rejection[]> {
    const series = [...new Set((items.samples ?? []).map((sample) => sample.series))];
    return new Promise((durable, failed) => {
      this.#outbox.add({ batch: batchOf(items), series, durable, failed });
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
      this.#changed.notify();
    });
  }

  /** Keeps a stream open while there is something to write. */
  async #run(): Promise<void> {
    for (let failures = 0, since = 0; !(this.#closing && this.#outbox.size === 0); failures++) {
      const before = this.#answers;
      try {
        await this.#stream();
      } catch (error) {
        const cause = MeshError.from(error);
        if (failures === 0 || this.#answers !== before) [failures, since] = [0, Date.now()];
        if (fatal.has(cause.code) || Date.now() - since > this.#options.patienceMs) return this.#fail(cause);
        await pause(cause.retryAfterMs ?? Math.min(5000, 100 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2));
      }
      while (this.#outbox.size === 0 && !this.#closing) await this.#changed.wait();
    }
  }

  async #stream(): Promise<void> {
    const state = { open: false, over: false };
    try {
      for await (const response of this.#client.api.telemetry.stream(this.#requests(state))) {
        this.#take(response, state);
        this.#answers++;
        this.#changed.notify();
      }
      if (!this.#closing) throw new MeshError({ code: status.UNAVAILABLE, message: "The service ended the stream." });
    } finally {
      state.over = true;
      this.#outbox.broken();
      this.#changed.notify();
    }
  }

  #take({ message }: StreamResponse, state: { open: boolean }): void {
    if (message.case === "opened") {
      const { lastDurableNumber, windowBatches, windowBytes } = message.value;
      this.#outbox.opened(lastDurableNumber, { batches: windowBatches, bytes: Number(windowBytes) });
      state.open = true;
    } else if (message.case === "ack") {
      this.#outbox.acknowledged(message.value.number, message.value.rejections);
    }
  }

  async *#requests(state: { readonly open: boolean; readonly over: boolean }): AsyncGenerator<StreamRequest, void, undefined> {
    const { writerId, parent } = this.#options;
    yield create(StreamRequestSchema, { message: { case: "open", value: { writerId, parent } } });
    const declared = new Set<number>();
    while (!state.over) {
      const entry = state.open ? this.#outbox.take() : undefined;
      if (entry) yield create(StreamRequestSchema, { message: { case: "batch", value: onStream(entry, declared) } });
      else if (this.#closing && this.#outbox.size === 0) return;
      else await this.#changed.wait();
    }
  }

  #fail(error: MeshError): void {
    this.#failure = error;
    this.#outbox.fail(error);
    this.#changed.notify();
  }
}

/** The batch with its number and with the series that this stream has not heard of. */
function onStream(entry: Entry, declared: Set<number>): Batch {
  const batch = clone(BatchSchema, entry.batch);
  batch.number = entry.number ?? 0n;
  const fresh = entry.series.filter((series) => !declared.has(series.ref));
  for (const series of fresh) declared.add(series.ref);
  batch.series = fresh.map(declarationOf);
  return batch;
}
