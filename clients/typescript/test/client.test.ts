import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, status } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "../src/generated/google/rpc/error_details_pb.js";
import { StatusSchema } from "../src/generated/google/rpc/status_pb.js";
import { MeshClient, MeshError, services } from "../src/index.js";
import { serve } from "./server.js";

let server: Awaited<ReturnType<typeof serve>>;
let client: MeshClient;
const seen: { authorization: unknown; deadline: unknown }[] = [];

before(async () => {
  server = await serve(services.apps, {
    getApp: (call: any, answer: any) => {
      seen.push({ authorization: call.metadata.get("authorization")[0], deadline: call.getDeadline() });
      const { name } = call.request;
      if (name.endsWith("/slow")) return;
      if (name.endsWith("/none")) return answer(notFound(name));
      answer(null, { app: { name, labels: { tier: "gold" } } });
    },
    listApps: () => {}, createApp: () => {}, updateApp: () => {}, deleteApp: () => {},
  });
  client = new MeshClient({ address: server.address, token: "mesh_secret" });
});
after(() => {
  client.close();
  server.stop();
});

function notFound(name: string) {
  const metadata = new Metadata();
  const info = anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "APP_NOT_FOUND", domain: "mesh", metadata: { name } }));
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code: status.NOT_FOUND, details: [info] }))));
  return { code: status.NOT_FOUND, details: "There is no such app.", metadata };
}

test("A call carries the token and a deadline, and its answer is typed", async () => {
  const { app } = await client.api.apps.getApp({ name: "tenants/acme/apps/shop" });
  assert.equal(app?.name, "tenants/acme/apps/shop");
  assert.equal(app?.labels["tier"], "gold");
  assert.equal(seen.at(-1)?.authorization, "Bearer mesh_secret");
  assert.notEqual(seen.at(-1)?.deadline, Infinity);
});

test("An error over the wire is a MeshError with its reason", async () => {
  await assert.rejects(client.api.apps.getApp({ name: "tenants/acme/apps/none" }), (error) =>
    error instanceof MeshError && error.code === status.NOT_FOUND && error.reason === "APP_NOT_FOUND" && error.metadata["name"] === "tenants/acme/apps/none");
});

test("A call ends at its deadline", async () => {
  await assert.rejects(client.api.apps.getApp({ name: "tenants/acme/apps/slow" }, { timeoutMs: 50 }), { code: status.DEADLINE_EXCEEDED });
});

test("A call ends when its signal says so", async () => {
  const controller = new AbortController();
  const call = client.api.apps.getApp({ name: "tenants/acme/apps/slow" }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(call, { code: status.CANCELLED });
});

test("An address without a scheme is refused", () => {
  assert.throws(() => new MeshClient({ address: "localhost:80" }), TypeError);
});
