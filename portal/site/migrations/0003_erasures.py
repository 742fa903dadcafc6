from importlib import import_module

from django.db import migrations

rows = import_module("portal.site.migrations.0002_rows")
TABLE = "deadlines_message"
KINDS = rows.ACCOUNTS.replace(
    "'second_factor_reset'", "'second_factor_reset', 'erasure_asked', 'erasure_coming'"
)


def seen(kinds: str) -> str:
    """The policy of 0002 with these kinds of messages as those about accounts."""
    first = f"{rows.FIRST[TABLE]} OR " if TABLE in rows.FIRST else ""
    told = rows.POLICIES[TABLE].replace(rows.ACCOUNTS, kinds)
    return f"ALTER POLICY seen ON {TABLE} USING ({first}{rows.lifted(rows.room(TABLE))} OR {told.strip()})"


class Migration(migrations.Migration):
    """What is told about erasing a person is found in the outbox by who looks after accounts, as all about accounts is."""

    dependencies = [
        ("portal_site", "0002_rows"),
        ("accounts", "0011_erasures"),
        ("deadlines", "0010_failures_without_addresses"),
    ]
    operations = [migrations.RunSQL(seen(KINDS), seen(rows.ACCOUNTS))]
