from importlib import import_module

from django.db import migrations

rows = import_module("portal.site.migrations.0002_rows")
SEEN = f"(SELECT portal_lifted('deadlines')) OR {rows.POLICIES['deadlines_message']}"
KINDS = rows.ACCOUNTS.replace(
    "'second_factor_reset'", "'second_factor_reset', 'erasure_asked', 'erasure_coming'"
)


def seen(condition: str) -> str:
    return f"ALTER POLICY seen ON deadlines_message USING ({condition})"


class Migration(migrations.Migration):
    """What is told about erasing a person is found in the outbox by who looks after accounts, as all about accounts is."""

    dependencies = [
        ("portal_site", "0002_rows"),
        ("accounts", "0011_erasures"),
        ("deadlines", "0010_failures_without_addresses"),
    ]
    operations = [migrations.RunSQL(seen(SEEN.replace(rows.ACCOUNTS, KINDS)), seen(SEEN))]
