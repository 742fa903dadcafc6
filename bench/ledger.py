"""``python -m bench.ledger``: verifying a log of ``--events`` events beside hashing each of them once, and how fast it is sealed.

A database of its own. All but 500,000 events are made by SQL and sealed without looking at their digests; those are written and sealed as
the portal does it, over 2,000 cases and one person, which gives the rate of sealing. Then, in one process, ``verify_ledger``'s check of everything, and before
and after it the yardstick: the same events read in the same way, each as one text and hashed once. The ratio is to the mean of
both, by the clock and by processor time (this process's and its PostgreSQL backend's), which other work on the machine moves less. Then a writer writes ``--rate`` events a second for ``--seconds`` while the job runs every ten.

The indexes that no part of this uses are dropped while the events are made, so that 10,000,000 of them take minutes.
"""

import argparse
import json
import resource
import subprocess
import sys

from bench.web import ROOT, environment_of, make_database, servers

PEOPLE = """
import django, json
django.setup()
from bench.data import people
made = people()
print(json.dumps({"person": str(made["lab"].pk)}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        from bench import ledger_inside

        ledger_inside.run(arguments, json.loads(arguments.inside))
        return
    with servers() as (stack, folder):
        environment = environment_of(stack, "ledger", folder)
        made = make_database(stack, "ledger", environment, PEOPLE)
        made["owner"] = environment["DATABASE_OWNER_URL"]
        command = [sys.executable, "-m", "bench.ledger", "--inside", json.dumps(made)]
        for option in ("events", "rate", "seconds"):
            command += [f"--{option}", str(getattr(arguments, option))]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    print(f"Peak memory of one process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB.")


if __name__ == "__main__":
    main()
