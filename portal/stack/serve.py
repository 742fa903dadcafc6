"""``python -m portal.stack.serve DIR``: the embedded servers alone, for developing; Ctrl-C or SIGTERM stops them."""

import argparse
import signal
from pathlib import Path

from portal.stack.layout import Layout
from portal.stack.servers import Servers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--careless",
        action="store_true",
        help="do not wait for the disk: fast, and lost when the machine stops",
    )
    arguments = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    servers = Servers(Layout(arguments.folder), careless=arguments.careless)
    servers.stack.setdefault("demo", True)
    servers.start()
    print(f"PostgreSQL and Valkey are up; {servers.layout.stack_file} says where.", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    servers.stop()


if __name__ == "__main__":
    main()
