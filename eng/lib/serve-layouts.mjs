// Serves a folder of OCI layouts as a registry to pull from, on a free port of loopback: FOLDER/NAME is the image NAME.
// Usage: serve-layouts.mjs FOLDER PORTFILE; the port is written to PORTFILE once it listens.
import { createReadStream, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const [folder, portFile] = process.argv.slice(2);
const request = /^\/v2\/([a-z0-9-]+)\/(manifests|blobs)\/([A-Za-z0-9_.-]+|sha256:[0-9a-f]{64})$/;

const server = createServer((incoming, answer) => {
  if (incoming.url === "/v2/") return answer.end("{}");
  const [, name, kind, reference] = request.exec(incoming.url) ?? [];
  const digest = name && digestOf(name, reference);
  const file = digest && join(folder, name, "blobs", digest.replace(":", "/"));
  if (!file || !existsSync(file)) return answer.writeHead(404).end();
  answer.writeHead(200, {
    "content-type": kind === "blobs" ? "application/octet-stream" : JSON.parse(readFileSync(file, "utf8")).mediaType,
    "content-length": statSync(file).size,
    "docker-content-digest": digest,
  });
  if (incoming.method === "HEAD") answer.end();
  else createReadStream(file).pipe(answer);
});

server.listen(0, "127.0.0.1", () => {
  writeFileSync(`${portFile}.new`, String(server.address().port));
  renameSync(`${portFile}.new`, portFile);
});

/** A tag stands for the only manifest of the layout's index. */
function digestOf(name, reference) {
  if (reference.startsWith("sha256:")) return reference;
  const index = join(folder, name, "index.json");
  return existsSync(index) ? JSON.parse(readFileSync(index, "utf8")).manifests[0].digest : undefined;
}
