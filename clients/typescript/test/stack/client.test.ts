import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { MeshClient, TelemetryWriter, pages, status, time } from "../../src/index.js";
import { address, connect, freshId, makeTenant } from "./stack.js";

let client: MeshClient;
let tenant: string;

before(async () => {
  client = connect();
  tenant = await makeTenant(client);
});
after(() => client.close());

test("An app is created once, read, listed and destroyed", async () => {
  const request = { parent: tenant, appId: "shop", app: { displayName: "The shop", labels: { tier: "gold" } }, requestId: randomUUID() };
  const { app } = await client.api.apps.createApp(request);
  const again = await client.api.apps.createApp(request);
  assert.equal(app?.name, `${tenant}/apps/shop`);
  assert.equal(again.app?.uid, app?.uid);

  const read = await client.api.apps.getApp({ name: `${tenant}/apps/shop` });
  assert.equal(read.app?.displayName, "The shop");
  assert.equal(read.app?.labels["tier"], "gold");

  await client.api.apps.createApp({ parent: tenant, appId: "blog" });
  const names: string[] = [];
  for await (const item of pages((pageToken) => client.api.apps.listApps({ parent: tenant, pageSize: 1, pageToken }), (page) => page.apps)) names.push(item.name);
  assert.deepEqual(names, [`${tenant}/apps/blog`, `${tenant}/apps/shop`]);

  await client.api.apps.deleteApp({ name: `${tenant}/apps/blog` });
});

test("An unknown app is NOT_FOUND with its reason", async () => {
  await assert.rejects(client.api.apps.getApp({ name: `${tenant}/apps/none` }), { code: status.NOT_FOUND, reason: "APP_NOT_FOUND" });
});

test("A malformed name is INVALID_ARGUMENT and names the field", async () => {
  await assert.rejects(client.api.apps.createApp({ parent: tenant, appId: "Not An Id" }), (error: any) => {
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.deepEqual(error.violations.map((violation: { field: string }) => violation.field), ["app_id"]);
    return true;
  });
});

test("A call without a token is UNAUTHENTICATED", async () => {
  const stranger = new MeshClient({ address });
  await assert.rejects(stranger.api.apps.listApps({ parent: tenant }), { code: status.UNAUTHENTICATED });
  stranger.close();
});

test("What the writer was told to be durable is answered by a query", async () => {
  const writer = new TelemetryWriter(client, { parent: tenant });
  const metric = freshId("ts").replaceAll("-", "_");
  const series = writer.series(metric, { app: "shop" });
  const now = Date.now();
  const rejections = await writer.write({
    samples: [{ series, value: 41, time: now - 9000 }, { series, value: 42, time: now - 8000 }],
    logs: [{ time: time(now), body: "hello from TypeScript" }],
  });
  assert.deepEqual(rejections, []);
  for (let i = 0; i < 2500; i++) writer.sample(series, i, now - 5000 + i);
  await writer.close();
  assert.equal(await lastValue(metric), 2499);
});

/** Acknowledged means durable; the tables have it a moment later. */
async function lastValue(metric: string): Promise<number | undefined> {
  const end = Date.now() + 60_000;
  for (let last: number | undefined; ; ) {
    for await (const response of client.api.query.queryMetrics({ parent: tenant, selector: metric })) last = response.values.at(-1) ?? last;
    if (last === 2499 || Date.now() > end) return last;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
