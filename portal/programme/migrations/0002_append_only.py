from django.db import migrations

from portal.append_only import append_only


class Migration(migrations.Migration):
    """A version of the settings is never changed: another follows it."""

    dependencies = [("programme", "0001_initial")]
    operations = [append_only("programme_version")]
