from django.db import migrations

from portal.append_only import append_only

# Plain SQL, because a model's trigger can be switched off by a setting that any session may write.
TWO_PERSONS = """
    CREATE FUNCTION reviews_two_persons() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.confirmed_by_id = (SELECT recorded_by_id FROM reviews_designation WHERE id = NEW.designation_id) THEN
            RAISE EXCEPTION 'a designation is confirmed by another person than recorded it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'designation_two_persons';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER two_persons BEFORE INSERT ON reviews_designationconfirmation
        FOR EACH ROW EXECUTE FUNCTION reviews_two_persons();
"""
NOT_TWO_PERSONS = """
    DROP TRIGGER two_persons ON reviews_designationconfirmation;
    DROP FUNCTION reviews_two_persons();
"""

AUDIENCE = """
    CREATE VIEW reviews_audience AS
    SELECT a.submission_id, a.reviewer_id AS user_id, a.agency_id AS organisation_id, a.role::text AS capacity,
           x.scope, NULL::uuid AS document_id, a.id AS source_id,
           greatest(a.attested_at, s.agreed_at, m.since, CASE WHEN x.scope = 'instructions' THEN s.opens_at END) AS since,
           least(a.ended_at, a.expires_at, s.closed_at, s.withdrawn_at, m.ended_at,
                 CASE WHEN x.scope IN ('documents', 'instructions') THEN s.closes_at END) AS until
      FROM reviews_assignment a
      JOIN submissions_submission s ON s.id = a.submission_id
      JOIN accounts_membership m ON m.user_id = a.reviewer_id AND m.organisation_id = a.agency_id AND m.role = 'reviewer'
      CROSS JOIN (VALUES ('record'), ('facts'), ('documents'), ('instructions'), ('assessments')) AS x(scope)
     WHERE a.attested_at IS NOT NULL
       AND s.agreed_at IS NOT NULL
       AND (x.scope <> 'instructions' OR s.opens_at IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM submission_barrier b
                        WHERE b.user_id = a.reviewer_id AND (b.organisation_id = s.lab_id OR b.submission_id = s.id))
    UNION ALL
    SELECT s.id, m.user_id, m.organisation_id, 'agency_coordinator'::text, x.scope, NULL::uuid, c.id,
           greatest(c.invited_at, s.submitted_at, m.since),
           least(c.ended_at, m.ended_at, s.withdrawn_at, CASE WHEN x.scope = 'documents' THEN s.released_at END)
      FROM reviews_caseagency c
      JOIN submissions_submission s ON s.id = c.submission_id
      JOIN accounts_membership m ON m.organisation_id = c.agency_id AND m.role = 'coordinator'
      CROSS JOIN (VALUES ('record'), ('facts'), ('documents'), ('assessments')) AS x(scope)
     WHERE s.submitted_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM submission_barrier b
                        WHERE b.user_id = m.user_id AND (b.organisation_id = s.lab_id OR b.submission_id = s.id));
"""


class Migration(migrations.Migration):
    """Designations refuse change and need two persons; who sees a case by a reviewer's seat or by an invited agency."""

    dependencies = [("reviews", "0001_initial"), ("submissions", "0002_audience")]
    operations = [
        append_only("reviews_designation"),
        append_only("reviews_designationconfirmation"),
        migrations.RunSQL(TWO_PERSONS, NOT_TWO_PERSONS),
        migrations.RunSQL(AUDIENCE, "DROP VIEW reviews_audience"),
    ]
