from django.db import migrations

BARRIER = """
    CREATE VIEW submission_barrier AS
    SELECT 'conflict/' || c.id AS key, c.user_id, c.organisation_id, c.submission_id
      FROM submissions_conflict c WHERE c.ended_at IS NULL
    UNION ALL
    SELECT 'affiliation/' || a.id, a.user_id, a.organisation_id, NULL::uuid FROM accounts_affiliation a
    UNION ALL
    SELECT 'membership/' || m.id, m.user_id, m.organisation_id, NULL::uuid
      FROM accounts_membership m JOIN accounts_organisation o ON o.id = m.organisation_id WHERE o.kind = 'lab';
"""

AUDIENCE = """
    CREATE VIEW submissions_audience AS
    SELECT s.id AS submission_id, m.user_id, m.organisation_id,
           CASE m.role WHEN 'viewer' THEN 'lab_viewer' ELSE 'lab' END AS capacity,
           x.scope, NULL::uuid AS document_id, m.id AS source_id,
           greatest(s.created_at, m.since) AS since, m.ended_at AS until
      FROM submissions_submission s
      JOIN accounts_membership m ON m.organisation_id = s.lab_id
      CROSS JOIN (VALUES ('record'), ('facts'), ('documents'), ('instructions'), ('assessments')) AS x(scope)
    UNION ALL
    SELECT s.id, m.user_id, m.organisation_id, m.role::text, x.scope, NULL::uuid, m.id,
           greatest(s.submitted_at, m.since),
           least(m.ended_at,
                 CASE WHEN x.scope <> 'record' THEN s.withdrawn_at END,
                 CASE WHEN x.scope = 'documents' THEN s.released_at END)
      FROM submissions_submission s
      CROSS JOIN accounts_membership m
      JOIN accounts_organisation o ON o.id = m.organisation_id AND o.kind = 'agency'
      JOIN (VALUES ('coordinator', 'record'), ('coordinator', 'facts'), ('coordinator', 'documents'),
                   ('coordinator', 'assessments'),
                   ('designator', 'record'), ('designator', 'facts'), ('designator', 'documents'),
                   ('designator', 'assessments'),
                   ('auditor', 'record'), ('auditor', 'facts'), ('auditor', 'assessments')) AS x(role, scope)
        ON x.role = m.role
     WHERE s.submitted_at IS NOT NULL
       -- Said twice, so that for everybody else the planner never walks the cases to find that no scope is theirs.
       AND m.role IN ('coordinator', 'designator', 'auditor')
       AND (m.role <> 'coordinator' OR o.is_programme_office)
       AND NOT EXISTS (SELECT 1 FROM submission_barrier b
                        WHERE b.user_id = m.user_id AND (b.organisation_id = s.lab_id OR b.submission_id = s.id));
"""


class Migration(migrations.Migration):
    """Who may not see a lab's cases, and who sees a case by membership: the lab, coordinators, designators, auditors."""

    dependencies = [("submissions", "0001_initial")]
    operations = [
        migrations.RunSQL(BARRIER, "DROP VIEW submission_barrier"),
        migrations.RunSQL(AUDIENCE, "DROP VIEW submissions_audience"),
    ]
