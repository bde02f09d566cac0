"""Serves Debian's own Gnocchi: serve.py CONFIGURATION PORT.

Makes its tables and folders first. No metricd runs: measures are aggregated when somebody asks for them with `refresh=true`,
so a test knows when they are.
"""
import sys

import waitress
from gnocchi.cli import api, manage

configuration, port = sys.argv[1:]
sys.argv = ["gnocchi-upgrade", "--config-file", configuration, "--sacks-number", "2"]
manage.upgrade()
sys.argv = ["gnocchi-api", "--config-file", configuration]
waitress.serve(api.wsgi(), host="127.0.0.1", port=int(port), threads=8)
