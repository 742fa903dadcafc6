"""What others would reach does not start unfit: each rule, each process, and what a fit one says."""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured

from portal import config
from portal.operating import fitness, keys, providers

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "PORTAL_SECRET_KEY": "k3Jw8-signing-of-this-test-alone-Zq0rT7uYbN4mXc5vLp2sD",
    "PORTAL_LEDGER_KEY": "ledger-of-this-test-alone-9fQ2wE4rT6y",
    "PORTAL_LEDGER_SIGNING_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
    "PORTAL_INSTRUCTIONS_KEYS": Fernet.generate_key().decode(),
}
FIT = SECRETS | {
    "PORTAL_BASE_URL": "https://portal.example",
    "PORTAL_BEHIND_PROXY": "1",
    "EMAIL_URL": "smtps://portal:word@mail.example",
    "PORTAL_MAIL_FROM": "portal@portal.example",
    "REDIS_URL": "redis://:word@127.0.0.1:1/0",
    "DATABASE_URL": "postgresql://portal_app:word@127.0.0.1:1/portal",
    "DATABASE_OWNER_URL": "postgresql://portal_owner:word@127.0.0.1:1/portal",
}
ONE_FACTOR = """
from portal.settings import *
MIDDLEWARE = [name for name in MIDDLEWARE if "SecondFactor" not in name]
"""
UNFIT = {
    "PORTAL_DEBUG": "1",
    "PORTAL_SECRET_KEY": keys.BY_VARIABLE["PORTAL_SECRET_KEY"].trial,
    "EMAIL_URL": "",
    "DJANGO_SETTINGS_MODULE": "one_factor",
}


@pytest.fixture
def folder(tmp_path):
    """A folder in which a settings module asks for no second factor."""
    (tmp_path / "one_factor.py").write_text(ONE_FACTOR)
    (tmp_path / "var" / "static").mkdir(parents=True)
    return tmp_path


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "PORTAL_VAR": str(folder / "var"),
        **variables,
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


GUNICORN = ("-m", "gunicorn", "portal.wsgi", "--no-control-socket")
PROCESSES = {
    "web": (*GUNICORN, "--preload"),
    "web without --preload": GUNICORN,
    "worker": ("-m", "celery", "--app", "portal", "worker", "--concurrency", "1"),
    "beat": ("-m", "celery", "--app", "portal", "beat"),
    "migrate": ("manage.py", "migrate"),
    "any command": ("manage.py", "verify_ledger"),
}


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_refuses_and_says_what_to_set(folder, process):
    command = PROCESSES[process]
    if "gunicorn" in command:
        command += ("--bind", f"127.0.0.1:{free_port()}")
    if "beat" in command:
        command += ("--schedule", str(folder / "beat"))
    done = run(folder, *command, **FIT | UNFIT)
    said = done.stdout + done.stderr
    assert done.returncode not in (0, None), said
    for words in (
        "portal.E001",
        "Set PORTAL_DEBUG=0.",
        "portal.E003",
        "A secret that everybody knows: PORTAL_SECRET_KEY.",
        "portal.E007",
        "Set EMAIL_URL to the mail server",
        "portal.E008",
        "People could sign in without a second factor.",
    ):
        assert words in said
    assert UNFIT["PORTAL_SECRET_KEY"] not in said


@pytest.mark.slow
def test_run_refuses_before_it_starts_a_server(open_folder):
    """The demonstration that comes with the embedded database, at an address that others reach."""
    var = open_folder / "var"
    done = run(
        open_folder,
        "-m",
        "portal.stack.supervise",
        "--port",
        str(free_port()),
        "--var",
        str(var),
        PORTAL_BASE_URL="http://portal.example",
    )
    assert done.returncode == 1
    assert "Set PORTAL_DEMO=0 for a real portal, or PORTAL_DEMO=1" in done.stderr
    assert "PORTAL_BASE_URL is not an https:// address" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Starting the database" not in done.stdout
    assert not (var / "postgres").exists()


@pytest.mark.slow
def test_a_demonstration_that_run_was_asked_for_is_one_for_every_command_on_its_folder(folder):
    shown = {"base_url": "http://portal.example", "demo": True, "secrets": {}}
    show = (
        "from portal import settings as s; print(s.PORTAL_PUBLIC, s.PORTAL_PRODUCTION, s.PORTAL_DEMO_ASKED)"
    )
    for asked, said in ((True, "True False True\n"), (False, "True True False\n")):
        (folder / "var" / "stack.json").write_text(json.dumps(shown | {"demo_asked": asked}))
        assert run(folder, "-c", show, **SECRETS).stdout == said


@pytest.mark.slow
def test_a_fit_one_has_nothing_to_mend_in_our_words_or_djangos(folder):
    done = run(folder, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **FIT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("System check identified no issues")


@pytest.mark.slow
def test_secrets_come_from_files_too(folder):
    given = {name: value for name, value in FIT.items() if name not in SECRETS}
    for name, value in SECRETS.items():
        (folder / name).write_text(f"{value}\n")
        given[f"{name}_FILE"] = str(folder / name)
    show = (
        "from base64 import b64encode; from portal import settings as s; signing = s.PORTAL_LEDGER_SIGNING_KEYS;"
        " print([s.SECRET_KEY, s.PORTAL_LEDGER_KEY, *[b64encode(key).decode() for key in signing], *s.PORTAL_INSTRUCTIONS_KEYS])"
    )
    assert run(folder, "-c", show, **given).stdout == f"{list(SECRETS.values())}\n"
    (folder / "PORTAL_LEDGER_KEY").unlink()
    refused = run(folder, "-c", show, **given)
    assert refused.returncode == 1
    assert "The file that PORTAL_LEDGER_KEY_FILE names cannot be read" in refused.stderr


# --- Each rule -------------------------------------------------------------------------------------------------------


@pytest.fixture
def fit():
    """The settings that rules ask for, of a production that is fit."""
    return SimpleNamespace(
        PORTAL_PUBLIC=True,
        PORTAL_PRODUCTION=True,
        PORTAL_TESTING=False,
        PORTAL_DEMO=False,
        PORTAL_DEMO_ASKED=False,
        DEBUG=False,
        MIDDLEWARE=configured.MIDDLEWARE,
        MFA_SUPPORTED_TYPES=configured.MFA_SUPPORTED_TYPES,
        SECRET_KEY=SECRETS["PORTAL_SECRET_KEY"],
        SECRET_KEY_FALLBACKS=[],
        PORTAL_LEDGER_KEY=SECRETS["PORTAL_LEDGER_KEY"],
        PORTAL_LEDGER_SIGNING_KEYS=[base64.b64decode(SECRETS["PORTAL_LEDGER_SIGNING_KEYS"])],
        PORTAL_INSTRUCTIONS_KEYS=[SECRETS["PORTAL_INSTRUCTIONS_KEYS"]],
        PORTAL_METRICS_TOKEN="",
        PORTAL_SIGN_IN_PROVIDERS=(),
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="mail.example",
        EMAIL_USE_SSL=True,
        EMAIL_USE_TLS=False,
        DEFAULT_FROM_EMAIL="portal@portal.example",
        PORTAL_BASE_URL="https://portal.example",
        ALLOWED_HOSTS=["portal.example"],
        REDIS_URL="redis://:word@broker.example/0",
        SECURE_SSL_REDIRECT=True,
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
        DATABASES={"default": {"HOST": "db.example", "OPTIONS": {"sslmode": "verify-full"}}},
    )


def found(settings: SimpleNamespace) -> list[str]:
    return [one.id for one in fitness.found_by(fitness.RULES, settings)]


def stopped(settings: SimpleNamespace) -> list[str]:
    return [one.id for one in fitness.found_by(fitness.in_force(settings), settings)]


BROKEN = {
    "portal.E001": {"DEBUG": True},
    "portal.E002": {"PORTAL_TESTING": True},
    "portal.E003": {"PORTAL_INSTRUCTIONS_KEYS": ["Zm9yLXRyaWFscy1vbmx5LWZvci10cmlhbHMtb25seS0="]},
    "portal.E004": {"PORTAL_METRICS_TOKEN": "short-word"},
    "portal.E005": {"PORTAL_INSTRUCTIONS_KEYS": ["not-a-key-of-fernet-at-all"]},
    "portal.E006": {"SECRET_KEY_FALLBACKS": [SECRETS["PORTAL_LEDGER_KEY"]]},
    "portal.E007": {"EMAIL_BACKEND": "portal.mail.FolderBackend"},
    "portal.E008": {"MFA_SUPPORTED_TYPES": ["recovery_codes"]},
    "portal.E009": {"PORTAL_BASE_URL": "http://portal.example"},
    "portal.E010": {"PORTAL_DEMO": True},
    "portal.E011": {"ALLOWED_HOSTS": ["portal.example", "*"]},
    "portal.E012": {
        "PORTAL_SIGN_IN_PROVIDERS": providers.read(
            '[{"id": "kestrel", "client_secret": "a secret that is fine"}]'
        )
    },
    "portal.W001": {"SECURE_PROXY_SSL_HEADER": None},
    "portal.W002": {"REDIS_URL": "redis://broker.example/0"},
    "portal.W003": {"EMAIL_USE_SSL": False},
    "portal.W004": {"DATABASES": {"default": {"HOST": "db.example", "OPTIONS": {}}}},
    "portal.W005": {"DEFAULT_FROM_EMAIL": "portal@localhost.localdomain"},
}


def test_every_rule_is_tried():
    assert list(BROKEN) == [rule.id for rule in fitness.RULES]


def test_a_fit_one_breaks_no_rule(fit):
    assert found(fit) == []
    fitness.refuse_unfit(fit)


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_is_broken_by_itself(fit, rule):
    for name, value in BROKEN[rule].items():
        setattr(fit, name, value)
    assert found(fit) == [rule]
    assert stopped(fit) == ([rule] if rule.startswith("portal.E") else [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "x" * 60),
        ("SECRET_KEY", "k3Jw8-signing"),
        ("PORTAL_LEDGER_KEY", "ledger-9fQ2wE4rT6y"),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused(fit, name, value):
    setattr(fit, name, value)
    assert found(fit) == ["portal.E004"]


def test_a_demonstration_for_others_needs_to_be_asked_for_and_to_be_safe(fit):
    fit.PORTAL_DEMO = fit.PORTAL_DEMO_ASKED = True
    fit.PORTAL_PRODUCTION = False
    fit.EMAIL_BACKEND = "portal.mail.FolderBackend"
    fit.PORTAL_BASE_URL = "http://portal.example"
    fitness.refuse_unfit(fit)
    fit.DEBUG = True
    with pytest.raises(ImproperlyConfigured, match=r"portal\.E001: PORTAL_DEBUG is on"):
        fitness.refuse_unfit(fit)


def test_a_trial_starts_as_it_is_and_hears_of_it_when_it_asks():
    assert fitness.starting() == []
    fitness.refuse_unfit()
    assert not configured.PORTAL_PUBLIC
    assert {"portal.E002", "portal.E003", "portal.E009"} <= {one.id for one in fitness.deploying()}


@pytest.mark.parametrize(
    ("address", "more", "local"),
    [
        ("http://localhost:8000", [], True),
        ("http://127.0.0.1:8000", ["[::1]", "localhost"], True),
        ("http://[::1]:8000", [], True),
        ("http://localhost:8000", ["portal.example"], False),
        ("http://localhost.example", [], False),
        ("https://portal.example", [], False),
        ("http://192.0.2.7:8000", ["localhost"], False),
        ("http://localhost", ["*"], False),
    ],
)
def test_what_only_this_machine_reaches(address, more, local):
    assert config.is_local(address, more) is local


# --- The documentation -----------------------------------------------------------------------------------------------


def test_the_page_of_secrets_is_made_from_the_tables():
    written = (ROOT / "docs" / "secrets.md").read_text()
    assert keys.as_markdown() in written, "python -m portal.operating.keys"
    assert fitness.as_markdown() in written


def test_every_secret_of_a_new_stack_is_in_the_table():
    from portal.stack.layout import new_secrets

    embedded = {"postgres", "owner", "app", "valkey"}
    in_the_table = {one.stored[-1] for one in keys.SECRETS if one.stored[0] == "secrets"}
    assert set(new_secrets()) - embedded <= in_the_table
