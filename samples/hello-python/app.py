"""A web page for trying out Mesh: standard library only."""

import html
import os
import platform
import signal
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "1.0.0"
GREETING = os.environ.get("GREETING", "Hello from Python")
requests = Counter()
lock = threading.Lock()


def page():
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>hello-python</title></head>
<body>
<h1>{html.escape(GREETING)}</h1>
<p>Version {VERSION}, served by {html.escape(socket.gethostname())} on Python {platform.python_version()}.</p>
</body>
</html>
"""


def metrics():
    lines = ["# HELP hello_requests_total Requests answered.", "# TYPE hello_requests_total counter"]
    with lock:
        lines += [f'hello_requests_total{{path="{path}",status="{status}"}} {count}' for (path, status), count in requests.items()]
    return "\n".join(lines) + "\n"


ROUTES = {
    "/": ("text/html; charset=utf-8", page),
    "/healthz": ("text/plain; charset=utf-8", lambda: "ok\n"),
    "/metrics": ("text/plain; version=0.0.4; charset=utf-8", metrics),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "hello-python"

    def do_GET(self):
        path = self.path.split("?")[0]
        status = 200 if path in ROUTES else 404
        kind, body = ROUTES.get(path, ("text/plain; charset=utf-8", lambda: "not found\n"))
        with lock:
            requests[(path if status == 200 else "other", status)] += 1
        data = body().encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    # Requests that have begun are answered before the process ends; idle keep-alive connections do not hold it.
    daemon_threads = True
    address_family = socket.AF_INET


def main():
    server = Server(("", int(os.environ.get("PORT", "8080"))), Handler)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"hello-python {VERSION} listens on port {server.server_address[1]}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
