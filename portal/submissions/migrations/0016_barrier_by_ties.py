"""What keeps a person from a lab's cases follows from every tie to it: an address at its mail domain too."""

from django.db import migrations

BY_TIES = """
    CREATE OR REPLACE VIEW submission_barrier AS
    SELECT 'conflict/' || c.id AS key, c.user_id, c.organisation_id, c.submission_id
      FROM submissions_conflict c WHERE c.ended_at IS NULL
    UNION ALL
    SELECT t.key, t.user_id, t.organisation_id, NULL::uuid
      FROM accounts_tie t JOIN accounts_organisation o ON o.id = t.organisation_id AND o.kind = 'lab';
"""
BEFORE = """
    CREATE OR REPLACE VIEW submission_barrier AS
    SELECT 'conflict/' || c.id AS key, c.user_id, c.organisation_id, c.submission_id
      FROM submissions_conflict c WHERE c.ended_at IS NULL
    UNION ALL
    SELECT 'affiliation/' || a.id, a.user_id, a.organisation_id, NULL::uuid FROM accounts_affiliation a
    UNION ALL
    SELECT 'membership/' || m.id, m.user_id, m.organisation_id, NULL::uuid
      FROM accounts_membership m JOIN accounts_organisation o ON o.id = m.organisation_id WHERE o.kind = 'lab';
"""


class Migration(migrations.Migration):
    dependencies = [("submissions", "0015_disclosure_guards"), ("accounts", "0007_tie")]
    operations = [migrations.RunSQL(BY_TIES, BEFORE)]
