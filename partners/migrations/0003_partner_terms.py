from django.db import migrations

from partners.terms import STANDARD
from portal.append_only import append_only


def first_version(apps, schema_editor):
    apps.get_model("partners", "PartnerTerms").objects.create(number=1, text=STANDARD)


class Migration(migrations.Migration):
    """The standard text that partners accept: its first version, and that no version is ever changed."""

    dependencies = [("partners", "0002_audience")]
    operations = [
        migrations.RunPython(first_version, migrations.RunPython.noop),
        append_only("partners_partnerterms"),
    ]
