"""Loading the demonstration into a database, once; and the file that says how to sign in."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from portal import clock
from portal.accounts import actions as accounts
from portal.deadlines.models import Message
from portal.scope import action
from portal.site.demo import cases_early, cases_late, findings, matching, partner_houses, people, questions
from portal.site.demo.people import PEOPLE, SYSADMIN, Cast
from portal.site.demo.stage import Stage, clock_at
from portal.stack.layout import write_json

TOKEN_NAME = "Demonstration (demo.json)"  # noqa: S105
SCRIPTS = [
    *partner_houses.SCRIPTS,
    *questions.SCRIPTS,
    *cases_early.SCRIPTS,
    *cases_late.SCRIPTS,
    *matching.SCRIPTS,
    *findings.SCRIPTS,
]
# Everybody was there before the first script begins.
BEGINNING = timedelta(days=400)
# What was told before is history: it is not sent again. What is younger waits for the worker.
RECENT = timedelta(hours=24)
READ_AFTER = timedelta(days=3)


def load(file: Path) -> bool:
    """Make the demonstration where there is none, and its file where that is missing; whether anything was made."""
    clock.refresh()
    if people.is_there():
        if file.exists():
            return False
        with transaction.atomic():
            handover = _handover(people.again())
    else:
        handover = _make()
    # After the commit: a file that speaks of accounts that are not there would mislead; a missing one is made next time.
    write_json(file, handover)
    return True


@action
def _make() -> dict[str, Any]:
    now = clock.now()
    with connection.cursor() as cursor:
        # In a small database, planning the audience's view in full takes longer than any plan of it runs.
        cursor.execute("SET LOCAL from_collapse_limit = 1; SET LOCAL join_collapse_limit = 1")
    with clock_at(now - BEGINNING):
        cast = people.make()
    Stage(cast, now).play(SCRIPTS)
    _service(cast)
    handover = _handover(cast)
    _settle(now)
    return handover


def _service(cast: Cast) -> None:
    """One lab has a service. Nobody is given its secret: whoever tries it rotates it."""
    accounts.make_service(
        actor=cast.person("kit_admin"),
        organisation=cast.house("kestrel"),
        name="Release pipeline",
        scope="write",
        lifetime=timedelta(days=90),
    )


def _settle(now: datetime) -> None:
    """Messages of the past were sent, and those of more than some days ago were read; tokens were made without a word."""
    history = Message.objects.filter(state=Message.State.WAITING)
    history.filter(kind__in=["sign_in_changed", "service_changed"]).update(created_at=now - 2 * READ_AFTER)
    history.filter(created_at__lt=now - RECENT).update(
        state=Message.State.SENT, sent_at=F("created_at") + timedelta(seconds=4), attempts=1
    )
    sent = Message.objects.filter(state=Message.State.SENT, created_at__lt=now - READ_AFTER, read_at=None)
    sent.update(read_at=F("created_at") + timedelta(hours=5))


def _handover(cast: Cast) -> dict[str, Any]:
    """What demo.json says: address, database, and each account with password, secret and a new token."""
    listed = [person for person in PEOPLE if person.listed]
    return {
        "base_url": settings.PORTAL_BASE_URL,
        "database": _database(),
        "accounts": [_account(person, cast) for person in listed],
    }


def _database() -> dict[str, str]:
    stored = settings.STACK.get("database", {})
    app = os.environ.get("DATABASE_URL") or stored.get("app_url", "")
    owner = (
        os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL") or stored.get("owner_url", "")
    )
    return {"owner_url": owner, "app_url": app}


def _account(person: people.Person, cast: Cast) -> dict[str, Any]:
    user = cast.person(person.key)
    for token in user.auth_token_set.filter(name=TOKEN_NAME):
        accounts.revoke_token(actor=user, token=token)
    _, secret = accounts.create_token(actor=user, name=TOKEN_NAME, lifetime=timedelta(days=365))
    house = cast.house(person.house) if person.house else None
    return {
        "email": user.email,
        "password": people.PASSWORD,
        "totp_secret": people.totp_secret(user.email),
        "api_token": secret,
        "organisation": house.name if house else None,
        "kind": house.kind if house else None,
        "role": str(person.roles[0]) if person.roles else SYSADMIN,
    }
