'use strict';

const http = require('node:http');
const os = require('node:os');
const { version } = require('./package.json');

const port = Number(process.env.PORT || 8080);
const greeting = process.env.GREETING || 'Hello from Node.js';
const requests = new Map(); // `${path} ${status}` → count
const started = Date.now();

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const page = () => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>hello-node</title></head>
<body>
<h1>${escape(greeting)}</h1>
<p>Version ${version}, served by ${escape(os.hostname())} on Node.js ${process.versions.node}.</p>
</body>
</html>
`;

const metrics = () => [
  '# HELP hello_requests_total Requests answered.',
  '# TYPE hello_requests_total counter',
  ...[...requests].map(([key, count]) => {
    const [path, status] = key.split(' ');
    return `hello_requests_total{path="${path}",status="${status}"} ${count}`;
  }),
  '# HELP hello_uptime_seconds Time since the start.',
  '# TYPE hello_uptime_seconds gauge',
  `hello_uptime_seconds ${(Date.now() - started) / 1000}`,
  '# HELP hello_memory_bytes Resident memory.',
  '# TYPE hello_memory_bytes gauge',
  `hello_memory_bytes ${process.memoryUsage.rss()}`,
  '',
].join('\n');

const routes = {
  '/': () => ['text/html; charset=utf-8', page()],
  '/healthz': () => ['text/plain; charset=utf-8', 'ok\n'],
  '/metrics': () => ['text/plain; version=0.0.4; charset=utf-8', metrics()],
};

const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  const route = routes[path];
  const status = route ? 200 : 404;
  const [type, body] = route ? route() : ['text/plain; charset=utf-8', 'not found\n'];
  const key = `${route ? path : 'other'} ${status}`;
  requests.set(key, (requests.get(key) || 0) + 1);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
});

// Requests that have begun are answered; idle connections are closed; then the process ends.
const stop = (signal) => {
  console.log(`${signal}: finishing open requests`);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.listen(port, () => console.log(`hello-node ${version} listens on port ${server.address().port}`));
