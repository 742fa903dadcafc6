from importlib import import_module

from django.db import migrations

erasures = import_module("portal.site.migrations.0003_erasures")
overseers = import_module("portal.site.migrations.0005_overseers")
KINDS = erasures.KINDS.replace("'erasure_coming'", "'erasure_coming', 'address_left'")


def seen(kinds: str) -> str:
    """The policy of 0005 with these kinds of messages as those about accounts."""
    table = erasures.TABLE
    said = overseers.before(table).replace(erasures.KINDS, kinds).replace("> 0)", "<> 0)")
    return overseers.altered({table: f"{overseers.FIRST[table]} OR {said}"})


class Migration(migrations.Migration):
    """What is told to an address that an account had before is found in the outbox by who looks after accounts."""

    dependencies = [("portal_site", "0005_overseers"), ("accounts", "0012_former_addresses")]
    operations = [migrations.RunSQL(seen(KINDS), seen(erasures.KINDS))]
