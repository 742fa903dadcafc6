"""Every secret of an installation, in one table: settings, checks, the operators' page and docs/secrets.md are made from it.

``python -m portal.operating.keys`` prints the part of docs/secrets.md that is made here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret. ``stored`` leads to it in ``stack.json``; ``trial`` is what trials and tests take in its place, and everybody
    knows; ``needed`` says that nothing starts without it; ``in_address`` that it is the password in an address.
    """

    variable: str
    stored: tuple[str, ...]
    title: str
    protects: str
    lost: str
    rotation: str
    consequence: str
    trial: str = ""
    needed: bool = False
    in_address: bool = False


SECRETS = (
    Secret(
        "PORTAL_SECRET_KEY",
        ("secrets", "secret_key"),
        "Signing key",
        "Signatures of sessions, of links that were mailed (new password, end of the daily mail) and of what forms hand on.",
        "Everybody signs in anew, and mailed links no longer work.",
        "Put the present key in front of PORTAL_SECRET_KEY_FALLBACKS, set a new one here, restart web and workers. After 30 days "
        "take the old key out of the fallbacks.",
        "While the old key is among the fallbacks: only that browsers are new again to the counting of wrong passwords. Without "
        "it: as when it is lost.",
        trial="for-trials-only-" + "x" * 40,
        needed=True,
    ),
    Secret(
        "PORTAL_SECRET_KEY_FALLBACKS",
        ("secrets", "secret_key_fallbacks"),
        "Earlier signing keys",
        "What was signed before the signing key changed; they open and sign nothing new. Comma-separated, newest first.",
        "What they had signed is no longer believed.",
        "Take out what is older than 30 days. A key that others know is taken out at once.",
        "What was signed with a key that is taken out is no longer believed: people sign in anew.",
    ),
    Secret(
        "PORTAL_LEDGER_KEY",
        ("secrets", "ledger_key"),
        "Ledger key",
        "The digests of events: until an event is sealed into the log, who lacks the key cannot write one that the log takes.",
        "Events not yet sealed cannot be told from forged ones; `manage.py seal_ledger --despite-faults` then seals them "
        "without it. No event is lost.",
        "Not changed in passing: what waits to be sealed is verified with it. Keep it apart from database and backups.",
        "With another key, verification names the first event as altered.",
        trial="for-trials-only",
        needed=True,
    ),
    Secret(
        "PORTAL_LEDGER_SIGNING_KEYS",
        ("secrets", "ledger_signing_keys"),
        "Signing keys of the ledger",
        "The heads of the log of events and the lab archives' manifests, by which labs and witnesses know the portal's record. "
        "Ed25519, 32 bytes each in base64, comma-separated: the first signs, the second hands over to it.",
        "The log goes on under a key that labs and witnesses have to be told of by another way.",
        "Put a new key in front, restart web and workers; once the log says that it took over (/ledger/keys/), take the old "
        "key out and restart. docs/ledger.md says more.",
        "None: the old key vouches for the new one in the log itself.",
        trial="Zm9yLXRyaWFscy1vbmx5LWZvci10cmlhbHMtb25seS0=",
        needed=True,
    ),
    Secret(
        "PORTAL_INSTRUCTIONS_KEYS",
        ("secrets", "instructions_keys"),
        "Sealing keys",
        "Access instructions of labs and of grants, and the secrets of authenticator apps and recovery codes. Fernet keys, "
        "comma-separated: the first seals, all of them open.",
        "Access instructions cannot be read and are given anew; everybody who signs in by an authenticator app enrols anew.",
        "Put a new key in front, restart web and workers, run `manage.py reseal_secrets` until it leaves none, then take the old "
        "key out and restart. Backups made before need the old key: keep it as long as them.",
        "None while both keys stand there.",
        trial="Zm9yLXRyaWFscy1vbmx5LWZvci10cmlhbHMtb25seS0=",
        needed=True,
    ),
    Secret(
        "PORTAL_METRICS_TOKEN",
        ("secrets", "metrics_token"),
        "Metrics token",
        "The address /metrics, which says how the delivery of mail stands and names no person and no case.",
        "The monitoring reads nothing until both sides have a new one.",
        "Set a new one here and with the monitoring, restart web.",
        "The monitoring misses its readings in between.",
    ),
    Secret(
        "PORTAL_SIGN_IN_PROVIDERS",
        ("sign_in_providers",),
        "Sign-in providers",
        "Sign-in by organisations' own providers: which they are, and the secrets by which the portal is known to them.",
        "Nobody signs in by a provider until it is set again; passwords and passkeys go on working.",
        "Have the provider make a second client secret, set it here, restart web, then have it drop the first. Of a SAML "
        "provider that changes its certificate, set the new one at the hour it says.",
        "None where the provider knows two secrets; else its people sign in by password or passkey meanwhile.",
    ),
    Secret(
        "DATABASE_URL",
        ("database", "app_url"),
        "Password of the serving role",
        "All that stands in the database, as far as the role portal_app reaches.",
        "The portal does not reach its database until a new one is set.",
        "As the database's administrator `ALTER ROLE portal_app PASSWORD '...'`, set the new address, restart web and workers.",
        "Pages answer 503 from the first statement until the restart. Nothing is lost.",
        in_address=True,
    ),
    Secret(
        "DATABASE_OWNER_URL",
        ("database", "owner_url"),
        "Password of the owning role",
        "The tables themselves: the role portal_owner can change what portal_app cannot. Only migrations need it; web and "
        "workers do without.",
        "Nothing can be migrated until a new one is set.",
        "As the database's administrator `ALTER ROLE portal_owner PASSWORD '...'`, set the new address where migrations run.",
        "None for the running portal.",
        in_address=True,
    ),
    Secret(
        "REDIS_URL",
        ("redis_url",),
        "Password of the broker",
        "Tasks that wait and the cache. No fact is there; who writes to it can start tasks.",
        "No task starts until a new one is set. What must be sent is a row of the database and goes later.",
        "Set it with the server (`CONFIG SET requirepass`) and here, restart web, workers and beat.",
        "Mail is late by the time of the restart. Nothing is lost.",
        in_address=True,
    ),
    Secret(
        "EMAIL_URL",
        ("email_url",),
        "Password of the mail server",
        "Sending mail in the portal's name.",
        "Mail waits in the outbox until a new one is set.",
        "Set it with the mail server and here, restart the workers.",
        "Mail that is refused in between is tried again.",
        in_address=True,
    ),
    Secret(
        "STORAGE_URL",
        ("storage_url",),
        "Key of the file storage",
        "The stored documents, evidence and logs.",
        "No file is taken or given until a new one is set.",
        "Make a second key with the storage, set it here, restart web and workers, then delete the first.",
        "None where the storage knows two keys.",
        in_address=True,
    ),
)
NOWHERE = "Nowhere"
BY_VARIABLE = {secret.variable: secret for secret in SECRETS}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a secret comes from, in words, and since when it is there where that is known. Never what it is."""

    is_set: bool
    said: str
    since: datetime | None = None


def value(variable: str, stack: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> str:
    """A secret: of the environment, of the file that ``<variable>_FILE`` names, or of ``stack.json``, in this order; else empty.

    Raises OSError where a file is named that cannot be read.
    """
    given = os.environ if environment is None else environment
    if found := given.get(variable):
        return found
    if file := given.get(f"{variable}_FILE"):
        return Path(file).read_text().strip()
    return _stored(BY_VARIABLE[variable], stack)


def source(secret: Secret, stack: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Source:
    """Where a secret comes from. An address without a password in it counts as not set."""
    given = os.environ if environment is None else environment
    found = value(secret.variable, stack, given)
    if not found:
        return Source(is_set=False, said=NOWHERE)
    is_set = not secret.in_address or bool(urlsplit(found).password)
    file = given.get(f"{secret.variable}_FILE")
    # ./run hands on what it read of a file.
    if file and found == Path(file).read_text().strip():
        changed = datetime.fromtimestamp(Path(file).stat().st_mtime, UTC)
        return Source(is_set, f"File that {secret.variable}_FILE names", changed)
    if given.get(secret.variable):
        return Source(is_set, f"Environment, {secret.variable}")
    since = stack.get("secrets_since", {}).get(secret.stored[-1])
    return Source(is_set, "stack.json of the stack's folder", since and datetime.fromisoformat(since))


def with_files(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which each secret that a ``<variable>_FILE`` names stands as if it had been given there."""
    files = {one.variable: value(one.variable, {}, environment) for one in SECRETS}
    return dict(environment) | {name: found for name, found in files.items() if found}


def _stored(secret: Secret, stack: Mapping[str, Any]) -> str:
    found: Any = stack
    for name in secret.stored:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, str) else ""


def as_markdown() -> str:
    """The table and the steps, as docs/secrets.md has them."""
    lines = ["| secret | variable | in `stack.json` | protects | when it is lost |", "|---|---|---|---|---|"]
    for one in SECRETS:
        needed = "; nothing starts without it" if one.needed else ""
        lines.append(
            f"| {one.title} | `{one.variable}`{needed} | `{'.'.join(one.stored)}` | {one.protects} | {one.lost} |"
        )
    lines += ["", "## How to change each", ""]
    for one in SECRETS:
        lines += [f"**{one.title}.** {one.rotation} *What people notice:* {one.consequence}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_markdown(), end="")  # noqa: T201
