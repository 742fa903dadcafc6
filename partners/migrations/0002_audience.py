from django.db import migrations

# Withdrawal and release end every grant in their own transaction (the trigger below holds that), so the view asks the grant
# alone and never the case: each join here is paid for by every page of every party. A person with an active membership of
# both roles has two rows for one scope, which say the same.
AUDIENCE = """
    CREATE VIEW partners_audience AS
    SELECT g.submission_id, m.user_id, g.partner_id AS organisation_id, 'partner'::text AS capacity, x.scope,
           NULL::uuid AS document_id, g.id AS source_id,
           greatest(g.lab_consented_at, g.concurred_at, m.since) AS since,
           least(g.ended_at, m.ended_at, CASE WHEN g.agreed_at IS NOT NULL THEN g.expires_at END,
                 CASE WHEN x.scope = 'model' THEN p.revet_due_at END) AS until
      FROM partners_grant g
      JOIN partners_partnerprofile p ON p.organisation_id = g.partner_id
      JOIN accounts_membership m ON m.organisation_id = g.partner_id AND m.role = 'admin'
      CROSS JOIN (VALUES ('offer'), ('model')) AS x(scope)
     WHERE g.lab_consented_at IS NOT NULL AND g.concurred_at IS NOT NULL
       AND (x.scope = 'offer' OR p.stored_state = 'eligible')
    UNION ALL
    SELECT g.submission_id, u.user_id, g.partner_id, 'partner'::text, x.scope, d.document_id, g.id,
           greatest(g.lab_consented_at, g.concurred_at, m.since, u.since, d.since,
                    CASE WHEN x.scope IN ('documents', 'instructions') THEN greatest(g.starts_at, g.agreed_at) END),
           least(g.ended_at, m.ended_at, u.ended_at, d.ended_at,
                 CASE WHEN g.agreed_at IS NOT NULL THEN g.expires_at END,
                 CASE WHEN x.scope <> 'offer' THEN p.revet_due_at END,
                 CASE WHEN x.scope IN ('documents', 'instructions')
                      THEN least(g.lab_suspended_at, g.government_suspended_at) END)
      FROM partners_grantuser u
      JOIN partners_grant g ON g.id = u.grant_id
      JOIN partners_partnerprofile p ON p.organisation_id = g.partner_id
      JOIN accounts_membership m ON m.user_id = u.user_id AND m.organisation_id = g.partner_id
      CROSS JOIN (VALUES ('offer'), ('model'), ('documents'), ('instructions')) AS x(scope)
      LEFT JOIN partners_grantdocument d ON d.grant_id = g.id AND x.scope = 'documents'
     WHERE g.lab_consented_at IS NOT NULL AND g.concurred_at IS NOT NULL
       AND (x.scope = 'offer' OR p.stored_state = 'eligible')
       AND CASE x.scope WHEN 'documents' THEN g.agreed_at IS NOT NULL AND d.id IS NOT NULL
                        WHEN 'instructions' THEN g.agreed_at IS NOT NULL
                        -- An administrator who is named has these two by the branch above.
                        ELSE m.role <> 'admin' END;
"""

# Invariant 3, with the last word: no grant outlives the lab's leaving, whatever code forgets to end it.
LEAVING = """
    CREATE FUNCTION partners_case_left() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM partners_grant
                    WHERE submission_id = NEW.id
                      AND (stored_state = 'proposed'
                           OR stored_state = 'agreed' AND expires_at > least(NEW.withdrawn_at, NEW.released_at)))
        THEN
            RAISE EXCEPTION 'a grant outlives the case' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_ends_with_case';
        END IF;
        RETURN NULL;
    END $$;
    CREATE FUNCTION partners_grant_of_left_case() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE left_at timestamptz;
    BEGIN
        SELECT least(withdrawn_at, released_at) INTO left_at FROM submissions_submission WHERE id = NEW.submission_id;
        IF left_at IS NOT NULL AND (NEW.stored_state = 'proposed' OR NEW.stored_state = 'agreed' AND NEW.expires_at > left_at)
        THEN
            RAISE EXCEPTION 'the lab has left this case' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_ends_with_case';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER grants_end_with_case AFTER UPDATE OF withdrawn_at, released_at ON submissions_submission
        FOR EACH ROW WHEN (NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at OR NEW.released_at IS DISTINCT FROM OLD.released_at)
        EXECUTE FUNCTION partners_case_left();
    CREATE TRIGGER grant_ends_with_case AFTER INSERT OR UPDATE ON partners_grant
        FOR EACH ROW WHEN (NEW.stored_state IN ('proposed', 'agreed')) EXECUTE FUNCTION partners_grant_of_left_case();
"""
NOT_LEAVING = """
    DROP TRIGGER grants_end_with_case ON submissions_submission;
    DROP TRIGGER grant_ends_with_case ON partners_grant;
    DROP FUNCTION partners_case_left();
    DROP FUNCTION partners_grant_of_left_case();
"""


class Migration(migrations.Migration):
    """What a partner's people may see of a case, from when to when: nothing before lab consent and government concurrence."""

    dependencies = [
        ("partners", "0001_initial"),
        ("accounts", "0001_initial"),
        ("submissions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(AUDIENCE, "DROP VIEW partners_audience"),
        migrations.RunSQL(LEAVING, NOT_LEAVING),
    ]
