import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Metadata, status } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, QuotaFailureSchema, RetryInfoSchema } from "../src/generated/google/rpc/error_details_pb.js";
import { StatusSchema } from "../src/generated/google/rpc/status_pb.js";
import { MeshError } from "../src/index.js";

function thrown(code: status, message: string, metadata: Metadata): Error {
  return Object.assign(new Error(message), { code, details: message, metadata });
}

test("An error carries all details of its status", () => {
  const metadata = new Metadata();
  metadata.set("x-request-id", "r-1");
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, create(StatusSchema, {
    code: status.RESOURCE_EXHAUSTED,
    message: "Too much.",
    details: [
      anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "QUOTA_EXCEEDED", domain: "mesh", metadata: { quota: "apps" } })),
      anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: [{ field: "app_id", description: "It is too long." }] })),
      anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: durationFromMs(1500) })),
      anyPack(QuotaFailureSchema, create(QuotaFailureSchema, { violations: [{ subject: "tenants/acme", description: "100 apps" }] })),
    ],
  }))));

  const error = MeshError.from(thrown(status.RESOURCE_EXHAUSTED, "Too much.", metadata));

  assert.equal(error.codeName, "RESOURCE_EXHAUSTED");
  assert.equal(error.message, "Too much.");
  assert.equal(error.reason, "QUOTA_EXCEEDED");
  assert.deepEqual({ ...error.metadata }, { quota: "apps" });
  assert.equal(error.violations[0]?.field, "app_id");
  assert.equal(error.quotaViolations[0]?.subject, "tenants/acme");
  assert.equal(error.retryAfterMs, 1500);
  assert.equal(error.requestId, "r-1");
  assert.equal(error.details.length, 4);
});

test("An error whose details are cut keeps its code and message", () => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from([0x0a, 0xff]));
  const error = MeshError.from(thrown(status.NOT_FOUND, "Not here.", metadata));
  assert.deepEqual([error.code, error.message, error.reason, error.details.length], [status.NOT_FOUND, "Not here.", "", 0]);
});

test("An error that is not of gRPC is UNKNOWN and keeps its cause", () => {
  const cause = new Error("Something else.");
  const error = MeshError.from(cause);
  assert.equal(error.code, status.UNKNOWN);
  assert.equal(error.cause, cause);
  assert.equal(MeshError.from(error), error);
});
