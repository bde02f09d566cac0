// The running stack that MESH_ADDRESS and MESH_TOKEN name, and a tenant of this run's own in it.
import { randomUUID } from "node:crypto";
import { MeshClient } from "../../src/index.js";

export const address = variable("MESH_ADDRESS");
export const token = variable("MESH_TOKEN");

export function connect(): MeshClient {
  return new MeshClient({ address, token });
}

export function freshId(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

export async function makeTenant(client: MeshClient): Promise<string> {
  const { tenant } = await client.api.tenants.createTenant({ tenantId: freshId("ts"), tenant: { displayName: "TypeScript" }, requestId: randomUUID() });
  if (!tenant) throw new Error("CreateTenant answered no tenant.");
  return tenant.name;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} must be set: the address of the API and an operator's token of a running stack.`);
  return value;
}
