// What a service says of an error: the status code, and the details of google.rpc.Status.
import { fromBinary } from "@bufbuild/protobuf";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import type { Any } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import type { Metadata, ServiceError } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, QuotaFailureSchema, RetryInfoSchema } from "./generated/google/rpc/error_details_pb.js";
import { StatusSchema } from "./generated/google/rpc/status_pb.js";

/** One wrong field of a request: its path and what is wrong with it. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** What is known of an error. */
export interface MeshErrorInit {
  readonly code: status;
  readonly message: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly Violation[];
  readonly quotaViolations?: readonly { subject: string; description: string }[];
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string;
  readonly details?: readonly Any[];
  readonly cause?: unknown;
}

/** An error of a call. `code` and `reason` are for programs, `message` is one sentence for people. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  /** The gRPC status code. */
  readonly code: status;
  /** The cause in UPPER_SNAKE_CASE, for instance `APP_NOT_FOUND`; empty when the service gave none. */
  readonly reason: string;
  /** What the service adds to the reason. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The wrong fields of the request. */
  readonly violations: readonly Violation[];
  /** The quotas that are used up. */
  readonly quotaViolations: readonly { subject: string; description: string }[];
  /** How long to wait before a retry, in milliseconds; undefined when the service gave no time. */
  readonly retryAfterMs: number | undefined;
  /** The id by which the service's logs name the request; empty when it gave none. */
  readonly requestId: string;
  /** All details as they came, for those that have no property here. */
  readonly details: readonly Any[];

  constructor(init: MeshErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason ?? "";
    this.metadata = init.metadata ?? {};
    this.violations = init.violations ?? [];
    this.quotaViolations = init.quotaViolations ?? [];
    this.retryAfterMs = init.retryAfterMs;
    this.requestId = init.requestId ?? "";
    this.details = init.details ?? [];
  }

  /** The code's name, for instance `NOT_FOUND`. */
  get codeName(): string {
    return status[this.code] ?? String(this.code);
  }

  /** The error behind whatever a call of grpc-js threw. */
  static from(error: unknown): MeshError {
    if (error instanceof MeshError) return error;
    if (!isServiceError(error)) {
      return new MeshError({ code: status.UNKNOWN, message: error instanceof Error ? error.message : String(error), cause: error });
    }
    const details = detailsOf(error.metadata);
    const info = find(details, ErrorInfoSchema);
    const retry = find(details, RetryInfoSchema);
    return new MeshError({
      code: error.code,
      message: error.details,
      reason: info?.reason ?? "",
      metadata: info?.metadata ?? {},
      violations: find(details, BadRequestSchema)?.fieldViolations ?? [],
      quotaViolations: find(details, QuotaFailureSchema)?.violations ?? [],
      retryAfterMs: retry?.retryDelay && durationMs(retry.retryDelay),
      requestId: String(error.metadata?.get("x-request-id")[0] ?? ""),
      details,
      cause: error,
    });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}

function detailsOf(metadata: Metadata | undefined): readonly Any[] {
  const bytes = metadata?.get("grpc-status-details-bin")[0];
  if (!(bytes instanceof Uint8Array)) return [];
  try {
    return fromBinary(StatusSchema, bytes).details;
  } catch {
    return []; // A proxy in between may have cut it; the code and the message are there all the same.
  }
}

function find<T extends DescMessage>(details: readonly Any[], schema: T): MessageShape<T> | undefined {
  for (const detail of details) {
    try {
      const found = anyUnpack(detail, schema);
      if (found) return found;
    } catch {
      // This detail cannot be read; the others can.
    }
  }
  return undefined;
}
