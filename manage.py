#!/usr/bin/env python3
"""Django's command line. ``PORTAL_VAR=DIR manage.py COMMAND`` works on the stack that ``./run --var DIR`` holds."""

import os
import sys

# These change the schema or the demo's clock, which the application's own role has no right to do, or read what every row names.
OWNER_COMMANDS = ("migrate", "move_clock", "check_stored")


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["PORTAL_DB_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
