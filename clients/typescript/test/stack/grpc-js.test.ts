// A foreign client: grpc-js alone, with the generated codecs and nothing of this library's own calls.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Metadata, credentials, makeGenericClientConstructor, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema } from "../../src/generated/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../src/generated/google/rpc/status_pb.js";
import { serviceDefinition, services } from "../../src/index.js";
import { address, connect, makeTenant, token } from "./stack.js";

const metadata = new Metadata();
metadata.set("authorization", `Bearer ${token}`);
const apps: any = connected("apps");
const telemetry: any = connected("telemetry");
let tenant: string;

before(async () => {
  const client = connect();
  tenant = await makeTenant(client);
  client.close();
});
after(() => {
  apps.close();
  telemetry.close();
});

function connected(name: "apps" | "telemetry") {
  const Client = makeGenericClientConstructor(serviceDefinition(services[name]), name);
  return new Client(new URL(address).host, credentials.createInsecure());
}

function call(method: string, request: object): Promise<any> {
  return new Promise((resolve, reject) => apps[method](request, metadata, { deadline: Date.now() + 30_000 }, (error: unknown, response: unknown) => (error ? reject(error) : resolve(response))));
}

function detail<T extends typeof ErrorInfoSchema | typeof BadRequestSchema>(error: ServiceError, schema: T) {
  const bytes = error.metadata.get("grpc-status-details-bin")[0] as Buffer;
  return fromBinary(StatusSchema, bytes).details.map((any) => anyUnpack(any, schema)).find((found) => found !== undefined) as any;
}

test("grpc-js creates an app and reads it", async () => {
  const created = await call("createApp", { parent: tenant, appId: "plain", requestId: randomUUID() });
  const read = await call("getApp", { name: created.app.name });
  assert.equal(read.app.name, `${tenant}/apps/plain`);
  assert.equal(read.app.uid, created.app.uid);
});

test("grpc-js reads the details of an error out of the trailer", async () => {
  const unknown: ServiceError = await call("getApp", { name: `${tenant}/apps/none` }).then(() => assert.fail("It answered."), (error) => error);
  assert.equal(unknown.code, status.NOT_FOUND);
  assert.deepEqual([detail(unknown, ErrorInfoSchema).reason, detail(unknown, ErrorInfoSchema).domain], ["APP_NOT_FOUND", "mesh"]);

  const malformed: ServiceError = await call("getApp", { name: "not a name" }).then(() => assert.fail("It answered."), (error) => error);
  assert.equal(malformed.code, status.INVALID_ARGUMENT);
  assert.equal(detail(malformed, BadRequestSchema).fieldViolations[0].field, "name");
});

test("grpc-js streams telemetry and is told what is durable", async () => {
  const stream = telemetry.stream(metadata);
  const answers: any[] = [];
  const count = 20;
  await new Promise<void>((resolve, reject) => {
    stream.on("error", reject);
    stream.on("end", resolve);
    stream.on("data", ({ message }: any) => {
      answers.push(message);
      if (message.case === "opened") for (let number = 1; number <= count; number++) stream.write({ message: { case: "batch", value: batch(number) } });
      else if (message.value.number === BigInt(count)) stream.end();
    });
    stream.write({ message: { case: "open", value: { writerId: randomUUID(), parent: tenant } } });
  });
  assert.equal(answers[0].case, "opened");
  assert.ok(answers[0].value.windowBatches >= 1);
  assert.equal(answers.at(-1).value.number, BigInt(count));
  assert.deepEqual(answers.slice(1).flatMap((ack) => ack.value.rejections), []);
});

function batch(number: number) {
  return {
    number: BigInt(number),
    series: number === 1 ? [{ ref: 1, metric: "foreign_total", labels: [{ name: "app", value: "plain" }] }] : [],
    samples: { seriesRefs: [1, 1], timeDeltasMillis: [BigInt(Date.now()), 1n], values: [number, number + 0.5] },
  };
}
