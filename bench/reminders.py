"""``python -m bench.reminders``: planning and sending reminders, beside bare statements and bare ``sendmail`` calls.

Planning: ``--reminders`` (1,000,000) that are due at one instant, in one call, on a fresh database: of cases whose coordinators
the audience view names, and of deadlines that name one person. The yardstick is a raw ``INSERT ... SELECT ... ON CONFLICT DO
NOTHING`` of the very same rows, made beforehand, into an equal table with the same keys, indexes and foreign keys. An idle tick
is asked with as many future deadlines. Sending: ``--mails`` (10,000) over SMTP to a sink in a process of its own; the yardstick
is ``smtplib.sendmail`` of the same mails, written beforehand, over one connection to the same sink. It is sent by one process, and
by two, as many as a worker has.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.web import ROOT, environment_of, make_database, servers
from portal.stack.layout import free_port

BEGIN = (
    "import django; django.setup(); from bench import reminders_data as data; from portal import scope; import json; "
    "scope.outside = scope.Scope(None, scope.EVERYTHING); "
)
SHAPES = ("cases", "persons")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reminders", type=int, default=1_000_000)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("planning", "sending"), default="")
    arguments = parser.parse_args()
    with servers() as (stack, folder):
        if arguments.only != "sending":
            for shape in SHAPES:
                for count in (1000, arguments.reminders):
                    planning(stack, folder, shape, count)
        if arguments.only != "planning":
            sending(stack, folder, arguments.mails, arguments.rounds)


def _begin(environment: dict, code: str, *arguments: object, role: str = "owner") -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + code, *map(str, arguments)],
        cwd=ROOT,
        env=environment | {"PORTAL_DB_ROLE": role},
        stdout=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen) -> dict:
    printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit("A measuring process failed.")
    return json.loads(printed.splitlines()[-1])


def _run(environment: dict, code: str, *arguments: object, role: str = "owner") -> dict:
    return _end(_begin(environment, code, *arguments, role=role))


def planning(stack: dict, folder: Path, shape: str, count: int) -> None:
    name = f"{shape}_{count}"
    environment = environment_of(stack, name, folder) | {"PORTAL_DB_POOL": "0"}
    code = f"{BEGIN}import sys; data.make_{shape}(int(sys.argv[1])); print(json.dumps({{}}))"
    make_database(stack, name, environment, code, str(count))
    # As a worker does: under row-level security.
    found = _run(environment, "print(json.dumps(data.plan()))", role="app")
    raw = _run(environment, "print(json.dumps(data.raw()))")
    idle = _run(environment, "print(json.dumps(data.idle()))", role="app")
    print(
        f"{shape}, {found['made']:,}: planned in {found['seconds']:.1f} s ({found['statements']} statements, peak memory"
        f" {found['memory']:.0f} MB), raw {raw['seconds']:.1f} s, ratio {raw['seconds'] / found['seconds']:.2f};"
        f" idle tick {idle['milliseconds']:.2f} ms with {idle['future']:,} future deadlines",
        flush=True,
    )


def sending(stack: dict, folder: Path, count: int, rounds: int) -> None:
    port = free_port(None)
    environment = environment_of(stack, "sending", folder) | {
        "PORTAL_DB_POOL": "0",
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
    }
    code = f"{BEGIN}data.make_persons(0); print(json.dumps({{}}))"
    make_database(stack, "sending", environment, code)
    sink = subprocess.Popen([sys.executable, "-m", "bench.sink", str(port)], cwd=ROOT, env=os.environ.copy())
    try:
        for processes in (1, 2):
            ratios = [_send(environment, size, processes) for size in (1000, *[count] * rounds)]
            print(f"{processes} processes: median ratio {statistics.median(ratios[1:]):.2f}", flush=True)
    finally:
        sink.terminate()
        sink.wait(10)


def _send(environment: dict, size: int, processes: int) -> float:
    _run(environment, "import sys; print(json.dumps(data.waiting(int(sys.argv[1]))))", size)
    code = "import sys; print(json.dumps(data.send(float(sys.argv[1]))))"
    start = time.time() + 6
    parts = [_end(one) for one in [_begin(environment, code, start) for _ in range(processes)]]
    sent, seconds = sum(part["sent"] for part in parts), max(part["ended"] for part in parts) - start
    bare = _run(environment, "import sys; print(json.dumps(data.sendmail(int(sys.argv[1]))))", size)["rate"]
    memory = max(part["memory"] for part in parts)
    print(
        f"{sent:,} mails by {processes}: {sent / seconds:.0f} a second (peak memory {memory:.0f} MB), bare {bare:.0f},"
        f" ratio {sent / seconds / bare:.2f}",
        flush=True,
    )
    return sent / seconds / bare


if __name__ == "__main__":
    main()
