// Compares rendered manifests with the programs: environment, ports, probes, accounts and the references between objects.
// Usage: check-manifests.mjs FILE, where FILE holds the objects as JSON, one after the other, as kubectl prints them.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const objects = JSON.parse(`[${readFileSync(process.argv[2], "utf8").replace(/^}\n(?={)/gm, "},\n")}]`);
const problems = [];
const complain = (object, problem) => problems.push(`${object.kind} ${object.metadata.name}: ${problem}`);
const ofKind = (...kinds) => objects.filter((object) => kinds.includes(object.kind));
const named = (kind, name) => objects.find((object) => object.kind === kind && object.metadata.name === name);

const sources = readTree("services", ".cs");
const knownVariables = new Set(sources.match(/MESH_[A-Z0-9_]+/g));
const healthPaths = new Set([...sources.matchAll(/MapGet\("(\/healthz\/[a-z]+)"/g)].map((match) => match[1]));
const programs = readdirSync("services").filter((name) => name !== "common" && existsSync(join("services", name, "Program.cs")));
const workloads = ofKind("Deployment", "DaemonSet", "StatefulSet");

for (const program of programs) {
  const workload = workloads.find((candidate) => candidate.metadata.name === program);
  if (workload) checkProgram(workload, existsSync(join("services", program, "Migrations")));
  else problems.push(`services/${program} has no workload`);
}
for (const workload of workloads) checkWorkload(workload);
for (const service of ofKind("Service")) checkService(service);
for (const object of ofKind("PodDisruptionBudget")) if (selected(object.spec.selector.matchLabels).length !== 1) complain(object, "does not select exactly one workload");
for (const object of ofKind("NetworkPolicy")) if (selected(object.spec.podSelector.matchLabels).length !== 1) complain(object, "does not select exactly one workload");

for (const problem of problems) console.error(problem);
console.log(`${objects.length} objects, ${programs.length} programs, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

/** One of our programs: what it reads is set, and what it serves is probed. */
function checkProgram(workload, keepsState) {
  const container = workload.spec.template.spec.containers[0];
  const environment = environmentOf(workload, container);
  const needed = ["MESH_LISTEN", "MESH_PORT", "MESH_ADVERTISE", "MESH_CONSUL", "MESH_CLUSTER_KEY", "MESH_DATA", "MESH_DOMAIN"];
  if (workload.metadata.name === "controller") needed.push("MESH_BOOTSTRAP_TOKEN", "MESH_PUBLIC_URL");
  if (workload.metadata.name === "ingestion") needed.push("MESH_CLICKHOUSE");
  if (workload.metadata.name === "router") needed.push("MESH_ROUTER_HTTP_PORT", "MESH_ROUTER_API_PORT", "MESH_ROUTER_ID");
  for (const name of needed) if (!environment.has(name)) complain(workload, `${name} is not set`);
  if (environment.has("MESH_POSTGRES") !== keepsState) complain(workload, keepsState ? "keeps state and has no MESH_POSTGRES" : "has MESH_POSTGRES and no migrations");
  for (const name of environment.keys()) if (name.startsWith("MESH_") && !knownVariables.has(name)) complain(workload, `no program reads ${name}`);

  const ports = portsOf(container);
  const listening = { program: "MESH_PORT", http: "MESH_ROUTER_HTTP_PORT", api: "MESH_ROUTER_API_PORT" };
  for (const [name, port] of ports) if (String(port) !== environment.get(listening[name])) complain(workload, `port ${name} is ${port}, and ${listening[name]} is ${environment.get(listening[name])}`);
  if (!ports.has("program")) complain(workload, "has no port `program`");
  for (const [probe, path] of [["startupProbe", "startup"], ["livenessProbe", "live"], ["readinessProbe", "ready"]]) {
    const asked = container[probe]?.httpGet;
    if (asked?.path !== `/healthz/${path}` || !healthPaths.has(asked.path)) complain(workload, `its ${probe} does not ask /healthz/${path}`);
    if (asked?.port !== "program") complain(workload, `its ${probe} does not ask the port \`program\``);
  }
  const data = environment.get("MESH_DATA");
  if (!container.volumeMounts?.some((mount) => mount.mountPath === data)) complain(workload, `nothing is mounted at MESH_DATA, ${data}`);
  for (const name of ["MESH_CONSUL", "MESH_CLICKHOUSE"]) if (environment.has(name)) checkAddress(workload, name, new URL(environment.get(name)));
  if (keepsState) {
    const settings = Object.fromEntries(environment.get("MESH_POSTGRES").split(";").map((pair) => pair.split(/=(.*)/)));
    checkAddress(workload, "MESH_POSTGRES", { hostname: settings.Host, port: settings.Port });
  }
}

/** Any workload: what it refers to exists, and it states what it needs. */
function checkWorkload(workload) {
  const spec = workload.spec.template.spec;
  const labels = workload.spec.template.metadata.labels;
  if (!matches(workload.spec.selector.matchLabels, labels)) complain(workload, "does not select its own pods");
  if (!named("ServiceAccount", spec.serviceAccountName)) complain(workload, "has no account of its own");
  if (spec.automountServiceAccountToken !== false) complain(workload, "is given a token that it does not need");
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  for (const claim of workload.spec.volumeClaimTemplates ?? []) volumes.set(claim.metadata.name, claim);
  for (const volume of volumes.values()) {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim && !named("PersistentVolumeClaim", claim)) complain(workload, `there is no volume claim ${claim}`);
  }
  for (const container of spec.containers) {
    environmentOf(workload, container);
    for (const mount of container.volumeMounts ?? []) if (!volumes.has(mount.name)) complain(workload, `there is no volume ${mount.name}`);
    for (const need of ["cpu", "memory"]) if (!container.resources?.requests?.[need]) complain(workload, `requests no ${need}`);
    if (!container.resources?.limits?.memory) complain(workload, "has no limit of memory");
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      if (!container[probe]) complain(workload, `has no ${probe}`);
      const port = container[probe]?.httpGet?.port;
      if (port !== undefined && !portsOf(container).has(port)) complain(workload, `its ${probe} asks an unknown port ${port}`);
    }
  }
}

function checkService(service) {
  const targets = selected(service.spec.selector);
  if (targets.length !== 1) return complain(service, "does not select exactly one workload");
  const ports = portsOf(targets[0].spec.template.spec.containers[0]);
  for (const port of service.spec.ports) if (!ports.has(port.targetPort)) complain(service, `its target port ${port.targetPort} does not exist`);
}

function checkAddress(workload, variable, { hostname, port }) {
  const service = named("Service", hostname);
  if (!service?.spec.ports.some((candidate) => String(candidate.port) === port)) complain(workload, `${variable} names ${hostname}:${port}, which no Service has`);
}

/** The container's environment by name. A value from a secret is shown as its reference. */
function environmentOf(workload, container) {
  const environment = new Map();
  for (const { configMapRef } of container.envFrom ?? []) {
    const map = named("ConfigMap", configMapRef.name);
    if (!map) complain(workload, `there is no ConfigMap ${configMapRef.name}`);
    for (const [name, value] of Object.entries(map?.data ?? {})) environment.set(name, value);
  }
  const own = new Set();
  for (const { name, value, valueFrom } of container.env ?? []) {
    const secret = valueFrom?.secretKeyRef;
    if (secret && named("Secret", secret.name)?.data?.[secret.key] === undefined) complain(workload, `there is no secret ${secret.name} with ${secret.key}`);
    for (const [, used] of (value ?? "").matchAll(/\$\(([A-Z0-9_]+)\)/g)) if (!own.has(used)) complain(workload, `${name} uses ${used}, which is not set before it`);
    own.add(name);
    environment.set(name, value ?? JSON.stringify(valueFrom));
  }
  return environment;
}

function portsOf(container) {
  return new Map((container.ports ?? []).map((port) => [port.name, port.containerPort]));
}

function selected(labels) {
  return workloads.filter((workload) => matches(labels, workload.spec.template.metadata.labels));
}

function matches(selector, labels) {
  return Object.entries(selector ?? {}).length > 0 && Object.entries(selector).every(([name, value]) => labels?.[name] === value);
}

function readTree(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
}
