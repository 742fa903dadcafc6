"""``python -m bench.faults --kills 1000``: reminders leave while something is killed at a random instant, again and again.

A whole stack (``./run``) on the loopback interface with an SMTP sink of its own. Each round makes 2,000 reminders due, kills by
``SIGKILL`` at random instants of their way (in turns the worker, beat, Valkey, PostgreSQL, the sink and the worker of what is
slow; ``--each`` times) and waits until all have left. Then: each reminder has one row, which says sent; at least one mail; every further mail repeats its ``Message-ID``; and
none went to who has no access: one coordinator who had left before, and one who leaves while they are sent.

Bounded: a round that does not end within ``PATIENCE`` seconds is a fault, and the whole run ends after ``--kills``.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
VICTIMS = ("worker", "beat", "valkey", "postgres", "sink", "worker_slow")
CASES, STAYING = 500, 4
PATIENCE = 180
# Between the last look at who may know and the mail server's answer, as the settings below bound it.
LOOK = 8
LEASE = 16

OFFICE = """
from datetime import timedelta
from django.contrib.auth.hashers import make_password
from portal import clock
from portal.accounts.models import Kind, Membership, Organisation, Role, User
office = Organisation.objects.create(name="Office (invented)", short_name="Office", kind=Kind.AGENCY, is_programme_office=True)
since = clock.now() - timedelta(days=90)
for name in ("one", "two", "three", "four", "gone", "leaving"):
    person = User.objects.create(email=f"{name}@office.example", name=name, password=make_password(None))
    person.is_superuser = name == "one"
    person.save()
    ended = clock.now() if name == "gone" else None
    Membership.objects.create(user=person, organisation=office, role=Role.COORDINATOR, since=since, ended_at=ended)
"""
MAKE = """
from portal.accounts.models import Membership
from portal.site.demo import due
Membership.objects.filter(user__email="leaving@office.example").update(ended_at=None)
due.add(%d)
"""
LEAVE = """
    UPDATE accounts_membership m SET ended_at = now() FROM accounts_user u
    WHERE u.id = m.user_id AND u.email = 'leaving@office.example'
"""
WAITING = """
    SELECT (SELECT count(*) FROM deadlines_message WHERE deadline_id IS NOT NULL AND state = 'waiting')
         + (SELECT count(*) FROM deadlines_deadline WHERE met_at IS NULL AND cancelled_at IS NULL AND next_at <= now())
"""
ROWS = """
import json
from portal.deadlines.models import Message
from portal.programme.schema import offset_name
rows = Message.objects.filter(deadline__isnull=False).values_list("pk", "deadline", "recipient", "offset", "recipient__email", "state")
print(json.dumps([[str(pk), f"{d}/{r}/{offset_name(o)}", email, state] for pk, d, r, o, email, state in rows]))
"""
EVERYTHING = "from portal import scope; scope.outside = scope.Scope(None, scope.EVERYTHING)\n"


@dataclass
class Stack:
    """``./run`` and a sink, in a folder."""

    folder: Path
    kills: Counter = field(default_factory=Counter)
    # From when to when nothing may go to who was leaving.
    gone: list[tuple[float, float]] = field(default_factory=list)
    read_to: int = 0
    counted: int = 0

    def __enter__(self) -> "Stack":
        self.port, self.mail = _free(), _free()
        self.sink = self._sink()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PORTAL_", "DATABASE_"))
            and name not in {"REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        }
        given = {
            "PORTAL_DEMO": "0",
            "PORTAL_TICK_SECONDS": "1",
            "PORTAL_MAIL_LEASE_SECONDS": str(LEASE),
            "PORTAL_MAIL_DOMAIN_PER_MINUTE": "0",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail}",
        }
        self.output = (self.folder / "run.out").open("w")
        self.run = subprocess.Popen(
            [sys.executable, ROOT / "run", "--port", str(self.port), "--var", self.folder / "var"],
            env=kept | given, stdout=self.output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait(lambda: "Ctrl-C" in self.said(), 180)
        self.shell(OFFICE)
        return self

    def __exit__(self, *_: object) -> None:
        self.run.send_signal(signal.SIGTERM)
        try:
            self.run.wait(60)
        finally:
            self.run.kill()
            self.sink.kill()
            self.sink.wait()
            self.output.close()

    def said(self) -> str:
        return (self.folder / "run.out").read_text()

    def shell(self, code: str) -> str:
        """What a piece of code prints in the stack, which sees all rows; asked again while the database comes back."""
        command = [sys.executable, ROOT / "manage.py", "shell", "--no-imports", "-c", EVERYTHING + code]
        environment = {"PATH": os.environ["PATH"], "PORTAL_VAR": str(self.folder / "var")}
        for _ in range(60):
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            if done.returncode == 0:
                return done.stdout.strip()
            time.sleep(1)
        raise SystemExit(f"The stack does not answer: {done.stderr[-2000:]}")

    def ask(self, statement: str) -> int | None:
        """What a statement answers, asked again while the database comes back."""
        address = json.loads((self.folder / "var" / "stack.json").read_text())["database"]["owner_url"]
        for _ in range(120):
            try:
                with psycopg.connect(address, connect_timeout=5) as connection:
                    cursor = connection.execute(statement)
                    return cursor.fetchone()[0] if cursor.description else None
            except psycopg.OperationalError:
                time.sleep(0.5)
        raise SystemExit("The database does not answer.")

    def delivered(self) -> int:
        """How many mails the sink has taken."""
        path = self.folder / "mails"
        if path.exists():
            with path.open("rb") as file:
                file.seek(self.read_to)
                new = file.read()
            self.read_to, self.counted = self.read_to + len(new), self.counted + new.count(b"\n")
        return self.counted

    def mails(self) -> list[dict]:
        path = self.folder / "mails"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def kill(self, victim: str) -> None:
        if victim == "sink":
            self.sink.kill()
            self.sink.wait()
            time.sleep(random.random())
            self.sink = self._sink()
        else:
            _until(lambda: victim in self.numbers())
            os.kill(self.numbers()[victim], signal.SIGKILL)
        self.kills[victim] += 1

    def numbers(self) -> dict[str, int]:
        """The processes that run at present; one that is about to be started again is not among them."""
        return json.loads((self.folder / "var" / "pids.json").read_text())

    def _sink(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "bench.sink", str(self.mail), str(self.folder / "mails")]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)

    def _wait(self, holds, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not holds():
            if self.run.poll() is not None or time.monotonic() > until:
                raise SystemExit(self.said())
            time.sleep(0.1)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def trial(stack: Stack, victims: Sequence[str], chance: random.Random) -> None:
    """One round: reminders are made due, something is killed on their way, once or several times, and all of them leave."""
    before, made = stack.delivered(), CASES * STAYING
    stack.shell(MAKE % CASES)
    for victim, after in zip(victims, sorted(chance.randrange(made) for _ in victims), strict=True):
        # The way of all of them takes some seconds, their planning some tenths of one.
        time.sleep(chance.random())
        _until(lambda after=after: stack.delivered() - before >= after or stack.ask(WAITING) == 0)
        stack.kill(victim)
    stack.ask(LEAVE)
    left = time.time()
    _until(lambda: stack.ask(WAITING) == 0)
    stack.gone.append((left + LOOK, time.time()))


def _until(holds) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            raise SystemExit("The reminders do not leave.")
        time.sleep(0.2)


def faults(stack: Stack, rounds: int) -> list[str]:
    """What is wrong after all rounds; empty where nothing is."""
    rows, mails = json.loads(stack.shell(ROWS)), stack.mails()
    found = []
    staying = [row for row in rows if row[2] not in {"gone@office.example", "leaving@office.example"}]
    if len(staying) != rounds * CASES * STAYING or len({row[1] for row in rows}) != len(rows):
        found.append(f"{len(staying)} rows of {len({row[1] for row in rows})} reminders")
    found += [f"{row[1]} is {row[3]}" for row in staying if row[3] != "sent"]
    ids: dict[str, set[str]] = {}
    for mail in mails:
        ids.setdefault(mail["reminder"], set()).add(mail["id"])
    found += [f"no mail of {row[1]}" for row in staying if row[1] not in ids]
    found += [f"{reminder} came as {sorted(seen)}" for reminder, seen in ids.items() if len(seen) > 1]
    known = {row[1] for row in rows}
    found += [f"a mail of no row: {reminder}" for reminder in ids if reminder not in known]
    found += [f"a mail to {mail['to']}" for mail in mails if mail["to"] == ["gone@office.example"]]
    for mail in mails:
        if mail["to"] == ["leaving@office.example"] and any(a <= mail["at"] <= b for a, b in stack.gone):
            found.append("a mail to who had left before it was sent")
    return found


def soak(kills: int, seed: int, *, each: int = 1) -> tuple[list[str], str]:
    """So many kills in one stack, ``each`` in a round; what was wrong, and the figures."""
    chance = random.Random(seed)
    begun = time.monotonic()
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(kills)]
    rounds = [victims[start : start + each] for start in range(0, kills, each)]
    with tempfile.TemporaryDirectory(prefix="portal-faults-") as name, Stack(Path(name)) as stack:
        for number, chosen in enumerate(rounds, start=1):
            trial(stack, chosen, chance)
            if number % 10 == 0:
                print(f"{number} rounds, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        found = faults(stack, len(rounds))
        mails = stack.mails()
        extra = len(mails) - len({mail["id"] for mail in mails})
        figures = (
            f"{sum(stack.kills.values())} kills ({', '.join(f'{n} {count}' for n, count in stack.kills.items())}),"
            f" {len(rounds) * CASES * STAYING:,} reminders, {len(mails):,} mails, {extra} of them repeats under the same"
            f" Message-ID, {time.monotonic() - begun:.0f} s"
        )
    return found, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--each", type=int, default=5, help="kills in a round of 2,000 reminders")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    found, figures = soak(arguments.kills, arguments.seed, each=arguments.each)
    print(figures)
    print("\n".join(found[:50]) or "Nothing was lost, doubled, or sent to who had no access.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
