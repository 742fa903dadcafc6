"""Whether an installation may serve others than the machine it runs on: Django system checks with ids, and the refusal to start.

A portal that only its own machine reaches is a trial. One that others reach is production, unless the operator asked for a
demonstration by ``PORTAL_DEMO=1``; then what keeps strangers out of the machine still counts, and what real people need does not.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings as configured
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from portal import config
from portal.operating import keys, providers

SECOND_FACTOR = "portal.accounts.middleware.SecondFactorMiddleware"
FACTORS = {"totp", "webauthn"}
# Backends that keep mail on the machine: nobody is told anything.
MAIL_THAT_STAYS = ("portal.mail.FolderBackend", "console", "dummy", "filebased", "locmem")
SHORTEST = {"PORTAL_SECRET_KEY": 50, "PORTAL_LEDGER_KEY": 32, "PORTAL_METRICS_TOKEN": 20}
EVERYBODY_KNOWS = ("for-trials-only", "django-insecure-", "changeme", "change-me", "secret-key")


@dataclass(frozen=True, slots=True)
class Rule:
    """``stands`` says whether something is wrong, as words to put into ``says``, or as yes or no."""

    id: str
    stands: Callable[[Any], str | bool]
    says: str
    do: str
    # Whether it holds for a demonstration that others reach, too.
    in_demo: bool = False
    refuses: bool = True

    def message(self, found: str | bool) -> checks.CheckMessage:
        made = checks.Error if self.refuses else checks.Warning
        return made(self.says.format(found=found), hint=self.do, id=self.id)


def _secrets(settings: Any) -> Iterator[tuple[str, str]]:
    """(variable, value) of each secret that is set; each of several keys by itself."""
    yield "PORTAL_SECRET_KEY", settings.SECRET_KEY
    yield "PORTAL_LEDGER_KEY", settings.PORTAL_LEDGER_KEY
    for key in settings.PORTAL_LEDGER_SIGNING_KEYS:
        yield "PORTAL_LEDGER_SIGNING_KEYS", base64.b64encode(key).decode()
    for key in settings.PORTAL_INSTRUCTIONS_KEYS:
        yield "PORTAL_INSTRUCTIONS_KEYS", key
    if settings.PORTAL_METRICS_TOKEN:
        yield "PORTAL_METRICS_TOKEN", settings.PORTAL_METRICS_TOKEN
    for provider in settings.PORTAL_SIGN_IN_PROVIDERS:
        if provider.client_secret:
            yield "PORTAL_SIGN_IN_PROVIDERS", provider.client_secret
    for key in settings.SECRET_KEY_FALLBACKS:
        yield "PORTAL_SECRET_KEY_FALLBACKS", key


def _named(variables: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(variables))


def _known_to_all(settings: Any) -> str:
    trials = {secret.trial for secret in keys.SECRETS if secret.trial}
    return _named(
        name
        for name, value in _secrets(settings)
        if value in trials or any(word in value.lower() for word in EVERYBODY_KNOWS)
    )


def _guessable(settings: Any) -> str:
    return _named(
        name
        for name, value in _secrets(settings)
        if name in SHORTEST and (len(value) < SHORTEST[name] or len(set(value)) < 8)
    )


def _unusable(settings: Any) -> bool:
    try:
        for key in settings.PORTAL_INSTRUCTIONS_KEYS:
            Fernet(key)
    except ValueError:
        return True
    return False


def _shared(settings: Any) -> str:
    owners: dict[str, list[str]] = {}
    for name, value in _secrets(settings):
        owners.setdefault(value, []).append(name)
    return _named(name for names in owners.values() if len(set(names)) > 1 for name in names)


def _mail_stays(settings: Any) -> bool:
    return any(word in settings.EMAIL_BACKEND for word in MAIL_THAT_STAYS)


def _one_factor(settings: Any) -> bool:
    return SECOND_FACTOR not in settings.MIDDLEWARE or not FACTORS & set(settings.MFA_SUPPORTED_TYPES)


def _elsewhere(host: str | None) -> bool:
    return bool(host) and not str(host).startswith("/") and host not in config.LOCAL_HOSTS


def _open_broker(settings: Any) -> bool:
    return not urlsplit(settings.REDIS_URL).password


def _open_mail(settings: Any) -> bool:
    is_plain = not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    return not _mail_stays(settings) and is_plain and _elsewhere(settings.EMAIL_HOST)


def _open_database(settings: Any) -> bool:
    one = settings.DATABASES["default"]
    return _elsewhere(one["HOST"]) and one["OPTIONS"].get("sslmode") not in ("verify-ca", "verify-full")


RULES = (
    Rule(
        "portal.E001",
        lambda s: s.DEBUG,
        "PORTAL_DEBUG is on: error pages show code and data to whoever meets them.",
        "Set PORTAL_DEBUG=0.",
        in_demo=True,
    ),
    Rule(
        "portal.E002",
        lambda s: s.PORTAL_TESTING,
        "PORTAL_TESTING is on: passwords are hashed by a broken algorithm and secrets are known.",
        "Set PORTAL_TESTING=0.",
        in_demo=True,
    ),
    Rule(
        "portal.E003",
        _known_to_all,
        "A secret that everybody knows: {found}.",
        "Draw a new one; docs/secrets.md says how.",
        in_demo=True,
    ),
    Rule(
        "portal.E004",
        _guessable,
        "A secret that can be guessed, since it is short or repeats itself: {found}.",
        "Draw a new one; docs/secrets.md says how.",
        in_demo=True,
    ),
    Rule(
        "portal.E005",
        _unusable,
        "PORTAL_INSTRUCTIONS_KEYS holds something that is no Fernet key: access instructions could not be sealed.",
        "Draw a new one; docs/secrets.md says how.",
        in_demo=True,
    ),
    Rule(
        "portal.E006",
        _shared,
        "One value serves for several secrets: {found}.",
        "Give each a value of its own: whoever learns one learns no other.",
        in_demo=True,
    ),
    Rule(
        "portal.E007",
        _mail_stays,
        "Mail stays on this machine: no reminder reaches anybody.",
        "Set EMAIL_URL to the mail server, smtp://user:password@host:port?tls=1.",
    ),
    Rule(
        "portal.E008",
        _one_factor,
        "People could sign in without a second factor.",
        f"Keep {SECOND_FACTOR} in MIDDLEWARE, and totp or webauthn in MFA_SUPPORTED_TYPES.",
        in_demo=True,
    ),
    Rule(
        "portal.E009",
        lambda s: not s.PORTAL_BASE_URL.startswith("https://"),
        "People would reach the portal without encryption: PORTAL_BASE_URL is not an https:// address.",
        "Set PORTAL_BASE_URL to the public https:// address.",
    ),
    Rule(
        "portal.E010",
        lambda s: s.PORTAL_DEMO and not s.PORTAL_DEMO_ASKED,
        "This is the demonstration, whose passwords everybody knows, and others than this machine would reach it.",
        "Set PORTAL_DEMO=0 for a real portal, or PORTAL_DEMO=1 where a demonstration is meant to be shown.",
        in_demo=True,
    ),
    Rule(
        "portal.E011",
        lambda s: "*" in s.ALLOWED_HOSTS,
        "Any host name is answered to, so mailed links could be made to lead elsewhere.",
        "Name the hosts in PORTAL_ALLOWED_HOSTS.",
        in_demo=True,
    ),
    Rule(
        "portal.E012",
        lambda s: "; ".join(providers.halves(s.PORTAL_SIGN_IN_PROVIDERS)),
        "A sign-in provider is half configured, and offered to nobody: {found}.",
        "Complete it in PORTAL_SIGN_IN_PROVIDERS, or take it out; docs/operations.md says what stands there.",
        in_demo=True,
    ),
    Rule(
        "portal.W001",
        lambda s: s.SECURE_SSL_REDIRECT and s.SECURE_PROXY_SSL_HEADER is None,
        "Requests are sent on to https, and nothing says that one came by https: behind a proxy every page redirects to itself.",
        "Set PORTAL_BEHIND_PROXY=1 where a proxy ends TLS.",
        refuses=False,
    ),
    Rule(
        "portal.W002",
        _open_broker,
        "The broker asks for no password: whoever reaches it can start tasks.",
        "Put a password into REDIS_URL and into the server.",
        refuses=False,
    ),
    Rule(
        "portal.W003",
        _open_mail,
        "Mail goes to another machine without encryption.",
        "Add ?tls=1 to EMAIL_URL, or use smtps://.",
        refuses=False,
    ),
    Rule(
        "portal.W004",
        _open_database,
        "The database is on another machine, and its certificate is not asked for.",
        "Add ?sslmode=verify-full to DATABASE_URL.",
        refuses=False,
    ),
    Rule(
        "portal.W005",
        lambda s: s.DEFAULT_FROM_EMAIL.endswith("localhost.localdomain"),
        "The sender of mail is an address that does not exist.",
        "Set PORTAL_MAIL_FROM.",
        refuses=False,
    ),
)


def found_by(rules: Sequence[Rule], settings: Any = configured) -> list[checks.CheckMessage]:
    """What these rules say of an installation, in their order."""
    return [rule.message(found) for rule in rules if (found := rule.stands(settings))]


def in_force(settings: Any = configured) -> list[Rule]:
    """The rules whose breach stops this installation from starting: none of a trial, all refusals of a production."""
    if not settings.PORTAL_PUBLIC:
        return []
    return [rule for rule in RULES if rule.refuses and (rule.in_demo or settings.PORTAL_PRODUCTION)]


def refuse_unfit(settings: Any = configured) -> None:
    """Called by the web server, the worker and beat before they serve. Raises ImproperlyConfigured, which says what to set."""
    if found := found_by(in_force(settings), settings):
        lines = [f"  {one.id}: {one.msg}\n      {one.hint}" for one in found]
        raise ImproperlyConfigured(
            "The portal does not start, since others than this machine would reach it and:\n"
            + "\n".join(lines)
        )


def starting(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """With every command that asks for checks, ``migrate`` among them."""
    return found_by(in_force())


def deploying(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """With ``check --deploy``: the rules not in force, too, as if this were production."""
    return found_by([rule for rule in RULES if rule not in in_force()])


def serving(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """With ``check --database default``, as web server and workers connect: that row-level security holds for that role."""
    if not databases or configured.PORTAL_DB_ROLE == "owner":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SEES_PAST)
        (found,) = cursor.fetchone()
    return [PAST_POLICIES.message(found)] if found else []


_SEES_PAST = """
    SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_class c WHERE c.relrowsecurity AND pg_has_role(c.relowner, 'USAGE'))
      FROM pg_roles WHERE rolname = current_user
"""
# No setting tells of it, so it stands beside the rules: the database is asked.
PAST_POLICIES = Rule(
    "portal.E013",
    lambda s: False,
    "The role of DATABASE_URL sees past row-level security: it owns tables, or is a superuser.",
    "Let web server and workers connect as a role that owns nothing, and set DATABASE_OWNER_URL where migrations run.",
)


def as_markdown() -> str:
    """The rules, as docs/secrets.md has them."""
    lines = ["| check | what stands against it | what to do | production | demonstration for others |"]
    lines.append("|---|---|---|---|---|")
    for rule in RULES:
        does = "does not start" if rule.refuses else "starts, and says so with `--deploy`"
        shown = does if rule.in_demo or not rule.refuses else "starts"
        lines.append(
            f"| {rule.id} | {rule.says.format(found='its variable')} | {rule.do} | {does} | {shown} |"
        )
    return "\n".join(lines) + "\n"


def register() -> None:
    checks.register(starting, checks.Tags.security, "portal")
    checks.register(deploying, checks.Tags.security, "portal", deploy=True)
    checks.register(serving, checks.Tags.database)
