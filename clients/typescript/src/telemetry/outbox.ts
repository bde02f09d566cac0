// What waits for its acknowledgement. Pure: it knows numbers and windows, and nothing of streams and time.
import { toBinary } from "@bufbuild/protobuf";
import type { Batch, Rejection } from "../generated/mesh/ingestion/v1/telemetry_pb.js";
import { BatchSchema } from "../generated/mesh/ingestion/v1/telemetry_pb.js";
import type { Series } from "./columns.js";

/** One batch on its way. */
export interface Entry {
  readonly batch: Batch;
  readonly series: readonly Series[];
  readonly bytes: number;
  /** Undefined until it is sent for the first time; then the same for ever. */
  number?: bigint;
  readonly durable: (rejections: readonly Rejection[]) => void;
  readonly failed: (error: unknown) => void;
}

/** The window that the service grants. */
export interface Window {
  readonly batches: number;
  readonly bytes: number;
}

export class Outbox {
  readonly #entries: Entry[] = [];
  #sent = 0; // so many of the first entries are on the present stream
  #sentBytes = 0;
  #next: bigint | undefined;
  #window: Window = { batches: 0, bytes: 0 };

  /** How many batches are not acknowledged. */
  get size(): number {
    return this.#entries.length;
  }

  add(entry: Omit<Entry, "bytes" | "number">): void {
    this.#entries.push({ ...entry, bytes: toBinary(BatchSchema, entry.batch).length });
  }

  /** A stream is open: what the service does not have is to be sent on it, in order, under the numbers of the first time. */
  opened(lastDurable: bigint, window: Window): void {
    this.#window = window;
    this.#next ??= lastDurable + 1n;
    this.acknowledged(lastDurable, []);
    this.broken();
  }

  /** The stream is gone. */
  broken(): void {
    this.#sent = 0;
    this.#sentBytes = 0;
  }

  /** The next batch to send; undefined when there is none or the window is full. */
  take(): Entry | undefined {
    const entry = this.#entries[this.#sent];
    if (!entry || this.#next === undefined || this.#sent >= this.#window.batches) return undefined;
    if (this.#sent > 0 && this.#sentBytes + entry.bytes > this.#window.bytes) return undefined;
    entry.number ??= this.#next++;
    this.#sent++;
    this.#sentBytes += entry.bytes;
    return entry;
  }

  /** All batches up to a number are durable. What was refused is told to the last of them. */
  acknowledged(number: bigint, rejections: readonly Rejection[]): void {
    const count = this.#entries.findIndex((entry) => entry.number === undefined || entry.number > number);
    const done = this.#entries.splice(0, count < 0 ? this.#entries.length : count);
    this.#sent = Math.max(0, this.#sent - done.length);
    for (const entry of done) this.#sentBytes = Math.max(0, this.#sentBytes - entry.bytes);
    done.forEach((entry, index) => entry.durable(index === done.length - 1 ? rejections : []));
  }

  /** Nothing of this will be sent. */
  fail(error: unknown): void {
    this.broken();
    for (const entry of this.#entries.splice(0)) entry.failed(error);
  }
}
