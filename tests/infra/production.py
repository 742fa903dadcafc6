"""A process with the settings of production, asked by a script; its database and broker are dead unless others are named."""

import json
from pathlib import Path
from typing import Any

from tests.infra.test_fitness import FIT, run

# The tests hash passwords quickly, and collect no static files; all else is production's.
SETTINGS = """
from portal.settings import *
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
"""
BEGIN = """
import json, sys
import django
django.setup()
from django.test import Client
client = Client(HTTP_HOST="portal.example", raise_request_exception=False)
"""


def variables(folder: Path, **given: str) -> dict[str, str]:
    """The environment's variables; beside them ``folder`` has to be where Python looks, as ``run`` sees to."""
    (folder / "as_tests_run.py").write_text(SETTINGS)
    (folder / "var" / "static").mkdir(parents=True, exist_ok=True)
    return FIT | {"DJANGO_SETTINGS_MODULE": "as_tests_run"} | given


def answered(folder: Path, script: str, *arguments: str, **given: str) -> Any:
    """What a script prints as JSON; ``client`` is there for it."""
    done = run(folder, "-c", BEGIN + script, *arguments, **variables(folder, **given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
