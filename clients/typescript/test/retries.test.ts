import assert from "node:assert/strict";
import { test } from "node:test";
import { services } from "../src/index.js";
import { serviceConfig } from "../src/retries.js";

test("Calls that read are repeated, and calls that change are not", () => {
  const names: { service: string; method: string }[] = JSON.parse(serviceConfig(Object.values(services))).methodConfig[0].name;
  const methods = new Set(names.map((name) => `${name.service}/${name.method}`));
  assert.ok(methods.has("mesh.controller.v1.AppService/GetApp"));
  assert.ok(methods.has("mesh.controller.v1.DeploymentService/WatchDeployment"));
  for (const name of methods) assert.doesNotMatch(name, /\/(Create|Update|Delete|Stream$|Upload|Write)/);
});
