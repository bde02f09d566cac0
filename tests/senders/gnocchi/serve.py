"""Serves Debian's own Gnocchi: serve.py CONFIGURATION PORT.

Makes its tables and folders first. No metricd runs: measures are aggregated when somebody asks for them with `refresh=true`,
so a test knows when they are.
"""
import socketserver
import sys
from wsgiref import simple_server

from gnocchi.cli import api, manage


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


configuration, port = sys.argv[1:]
sys.argv = ["gnocchi-upgrade", "--config-file", configuration, "--sacks-number", "2"]
manage.upgrade()
sys.argv = ["gnocchi-api", "--config-file", configuration]
simple_server.make_server("127.0.0.1", int(port), api.wsgi(), Server).serve_forever()
