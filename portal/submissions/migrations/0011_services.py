import importlib

from django.db import migrations

BEFORE = importlib.import_module("portal.submissions.migrations.0002_audience").AUDIENCE
LABS = """CASE m.role WHEN 'viewer' THEN 'lab_viewer' ELSE 'lab' END AS capacity,"""
WITH_SERVICES = """CASE m.role WHEN 'viewer' THEN 'lab_viewer' WHEN 'service' THEN 'lab_service'
                       WHEN 'service_viewer' THEN 'lab_service_viewer' ELSE 'lab' END AS capacity,"""
SCOPES = """('instructions'), ('assessments')) AS x(scope)
"""
KEPT_FROM_SERVICES = f"""{SCOPES}     WHERE x.scope <> 'instructions' OR m.role NOT IN ('service', 'service_viewer')
"""


def _with_services() -> str:
    for before in (LABS, SCOPES):
        if BEFORE.count(before) != 1:
            raise ValueError("The audience is not the one that this changes.")
    return BEFORE.replace(LABS, WITH_SERVICES).replace(SCOPES, KEPT_FROM_SERVICES)


class Migration(migrations.Migration):
    """A lab's services stand to its cases in capacities of their own, and do not see the access instructions."""

    dependencies = [
        ("submissions", "0010_contacts"),
        ("accounts", "0005_services_are_no_persons"),
    ]
    operations = [
        migrations.RunSQL(
            _with_services().replace("CREATE VIEW", "CREATE OR REPLACE VIEW"),
            BEFORE.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"),
        )
    ]
