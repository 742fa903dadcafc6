from django.db import migrations

# Plain SQL, as ``append_only``: no setting of a session switches it off. The steps are those of the state table.
STEPS = (
    "notified:objected", "notified:not_objected", "notified:to_disclose", "notified:not_disclosed", "notified:dropped",
    "objected:not_objected", "objected:to_disclose", "objected:not_disclosed", "objected:dropped",
    "not_objected:objected", "not_objected:to_disclose", "not_objected:not_disclosed", "not_objected:dropped",
    "to_disclose:disclosed", "to_disclose:not_disclosed", "to_disclose:dropped",
)  # fmt: skip
GUARDS = """
    CREATE FUNCTION portal_disclosure_notice() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'a disclosure notice is never removed' USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'INSERT' THEN
            IF NEW.stored_state <> 'notified' OR NEW.revision <> 1 OR NEW.answered_at IS NOT NULL OR NEW.decided_at IS NOT NULL
               OR NEW.disclose_at IS NOT NULL OR NEW.disclosed_at IS NOT NULL THEN
                RAISE EXCEPTION 'a disclosure notice begins with telling the lab' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF (NEW.submission_id, NEW.agency_id, NEW.number, NEW.reference, NEW.text, NEW.given_by_id, NEW.given_at, NEW.due_at)
           IS DISTINCT FROM
           (OLD.submission_id, OLD.agency_id, OLD.number, OLD.reference, OLD.text, OLD.given_by_id, OLD.given_at, OLD.due_at)
           OR (OLD.disclose_at IS NOT NULL AND NEW.disclose_at IS DISTINCT FROM OLD.disclose_at)
           OR (OLD.disclosed_at IS NOT NULL AND NEW.disclosed_at IS DISTINCT FROM OLD.disclosed_at) THEN
            RAISE EXCEPTION 'what a lab was told is not changed' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.stored_state <> OLD.stored_state
           AND NOT OLD.stored_state || ':' || NEW.stored_state = ANY ('{STEPS}'::text[]) THEN
            RAISE EXCEPTION 'no such step of a disclosure notice' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER notice_guard BEFORE INSERT OR UPDATE OR DELETE ON submissions_disclosurenotice
        FOR EACH ROW EXECUTE FUNCTION portal_disclosure_notice();

    CREATE FUNCTION portal_disclosure_documents() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM submissions_disclosurenotice n
                        WHERE n.id = NEW.disclosurenotice_id AND n.revision = 1 AND n.stored_state = 'notified') THEN
            RAISE EXCEPTION 'a notice names its documents when it is given' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER named_when_given BEFORE INSERT ON submissions_disclosurenotice_documents
        FOR EACH ROW EXECUTE FUNCTION portal_disclosure_documents();

    CREATE OR REPLACE FUNCTION portal_commercial_mark() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.confidential_commercial THEN
            -- Marked anew: who took the mark off before is no ground to take it off again.
            NEW.unmarked_by_id := NULL; NEW.unmarked_under_id := NULL;
            RETURN NEW;
        END IF;
        IF NEW.unmarked_under_id IS NULL AND EXISTS (
            SELECT FROM accounts_membership m JOIN submissions_submission s ON s.lab_id = m.organisation_id
             WHERE s.id = NEW.submission_id AND m.user_id = NEW.unmarked_by_id AND m.ended_at IS NULL
               AND m.role IN ('admin', 'contributor')) THEN
            RETURN NEW;
        END IF;
        IF EXISTS (
            SELECT FROM submissions_disclosurenotice n
              JOIN submissions_disclosurenotice_documents d ON d.disclosurenotice_id = n.id
             WHERE n.id = NEW.unmarked_under_id AND n.submission_id = NEW.submission_id AND d.document_id = NEW.id
               AND n.stored_state = 'disclosed'
               -- Of a version that came later the lab was not told.
               AND NOT EXISTS (SELECT FROM submissions_documentversion v
                                WHERE v.document_id = NEW.id AND v.uploaded_at > n.given_at)) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the mark of confidential commercial information is taken off by the lab, or after a notice to it'
            USING ERRCODE = 'check_violation';
    END $$;
"""
GUARDS = GUARDS.replace("{STEPS}", "{" + ",".join(STEPS) + "}")
BACK = """
    DROP TRIGGER notice_guard ON submissions_disclosurenotice; DROP FUNCTION portal_disclosure_notice();
    DROP TRIGGER named_when_given ON submissions_disclosurenotice_documents; DROP FUNCTION portal_disclosure_documents();
"""


class Migration(migrations.Migration):
    """A notice begins with telling the lab and is not rewritten; a mark falls off no version of which the lab was not told."""

    dependencies = [("submissions", "0014_attested_by_the_office")]
    operations = [migrations.RunSQL(GUARDS, BACK)]
