from django.db import migrations

AUDIENCE = """
    CREATE VIEW submission_audience AS
    SELECT a.source_id || '/' || a.submission_id || '/' || a.user_id || '/' || a.scope || '/' || coalesce(a.document_id::text, '')
               AS key, a.*
      FROM (SELECT * FROM submissions_audience
            UNION ALL SELECT * FROM reviews_audience
            UNION ALL SELECT * FROM partners_audience) a;
"""


class Migration(migrations.Migration):
    """The one view of who sees what: the union of each app's branch."""

    dependencies = [
        ("submissions", "0002_audience"),
        ("reviews", "0002_append_only_and_audience"),
        ("partners", "0002_audience"),
    ]
    operations = [migrations.RunSQL(AUDIENCE, "DROP VIEW submission_audience")]
