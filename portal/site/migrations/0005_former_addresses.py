from importlib import import_module

from django.db import migrations

erasures = import_module("portal.site.migrations.0003_erasures")
KINDS = erasures.KINDS.replace("'erasure_coming'", "'erasure_coming', 'address_left'")


class Migration(migrations.Migration):
    """What is told to an address that an account had before is found in the outbox by who looks after accounts."""

    dependencies = [("portal_site", "0004_offered"), ("accounts", "0012_former_addresses")]
    operations = [migrations.RunSQL(erasures.seen(KINDS), erasures.seen(erasures.KINDS))]
