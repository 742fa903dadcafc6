"""What ./run prints once the portal answers."""

import json
from collections.abc import Callable

from portal.stack.layout import Layout


def welcome(layout: Layout, say: Callable[[str], None], *, ready: bool) -> None:
    """The address, and the demonstration's accounts with what signing in takes."""
    stack = layout.read()
    if not ready:
        say(f"The portal started, but not all of it answers yet; {layout.logs} says why.")
    say(f"\nThe portal is at {stack['base_url']}/   (data, logs and mail: {layout.folder})")
    path = layout.folder / "demo.json"
    if stack["demo"] and path.exists():
        accounts = json.loads(path.read_text()).get("accounts", [])
        say(
            "\nA demonstration with invented organisations. Sign in with e-mail, password and a code from the secret:"
        )
        _table(accounts, say)
    say("\nCtrl-C stops everything.")


def _table(accounts: list[dict], say: Callable[[str], None]) -> None:
    columns = ("email", "password", "totp_secret", "organisation", "kind", "role")
    rows = [columns, *([str(account.get(column, "")) for column in columns] for account in accounts)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    for row in rows:
        say("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
