"""The content of an assessment that a spill removed is destroyed with all that hangs on it, also where rows are never changed."""

from django.db import migrations

# Only these words take a text's place, and only under an assessment whose content was removed. Plain SQL, as ``append_only``.
REMOVED = """
    CREATE FUNCTION reviews_removed(assessment uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT EXISTS (SELECT FROM submissions_spill
                        WHERE kind = 'assessment' AND subject_id = assessment AND state = 'removed')
    $$;
    CREATE FUNCTION reviews_blanked(before jsonb, after jsonb, words text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
        SELECT after - words = before - words
               AND NOT EXISTS (SELECT FROM unnest(words) word WHERE after ->> word NOT IN ('Removed after a spill.', ''))
    $$;

    -- An answer of a checked assessment stands, but for this.
    CREATE FUNCTION reviews_answer_blanked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF reviews_removed(OLD.assessment_id) AND reviews_blanked(to_jsonb(OLD), to_jsonb(NEW), '{text}') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the answers of a checked assessment are not changed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'answers_of_a_draft';
    END $$;
    DROP TRIGGER held ON reviews_assessmentanswer;
    CREATE TRIGGER held BEFORE INSERT OR DELETE ON reviews_assessmentanswer
        FOR EACH ROW EXECUTE FUNCTION reviews_answer_held();
    CREATE TRIGGER held_update BEFORE UPDATE ON reviews_assessmentanswer
        FOR EACH ROW WHEN (NEW.text IS DISTINCT FROM 'Removed after a spill.') EXECUTE FUNCTION reviews_answer_held();
    CREATE TRIGGER held_blanked BEFORE UPDATE ON reviews_assessmentanswer
        FOR EACH ROW WHEN (NEW.text = 'Removed after a spill.') EXECUTE FUNCTION reviews_answer_blanked();

    CREATE FUNCTION reviews_retest_stands() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE of_assessment uuid;
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF TG_TABLE_NAME = 'reviews_retest' THEN
                of_assessment := (to_jsonb(OLD) ->> 'assessment_id')::uuid;
            ELSE
                SELECT assessment_id INTO of_assessment FROM reviews_retest WHERE id = (to_jsonb(OLD) ->> 'retest_id')::uuid;
            END IF;
            IF reviews_removed(of_assessment) AND reviews_blanked(to_jsonb(OLD), to_jsonb(NEW), TG_ARGV::text[]) THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
    END $$;
    DROP TRIGGER append_only ON reviews_retest;
    DROP TRIGGER append_only ON reviews_retestanswer;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviews_retest
        FOR EACH ROW EXECUTE FUNCTION reviews_retest_stands('what', 'text');
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviews_retestanswer
        FOR EACH ROW EXECUTE FUNCTION reviews_retest_stands('text');

    -- Of a log its names go; its results are numbers under names, and go whole.
    CREATE FUNCTION reviews_log_blanked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF reviews_removed(OLD.assessment_id)
           AND reviews_blanked(to_jsonb(OLD), to_jsonb(NEW), '{name,task,model,status,scan_detail}') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'of a log nothing changes but its scan and that it was taken out: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END $$;
    DROP TRIGGER log_stays ON reviews_agencylog;
    CREATE TRIGGER log_stays BEFORE INSERT OR DELETE ON reviews_agencylog
        FOR EACH ROW EXECUTE FUNCTION reviews_log_stays();
    CREATE TRIGGER log_stays_update BEFORE UPDATE ON reviews_agencylog
        FOR EACH ROW WHEN (NEW.task IS DISTINCT FROM 'Removed after a spill.') EXECUTE FUNCTION reviews_log_stays();
    CREATE TRIGGER log_blanked BEFORE UPDATE ON reviews_agencylog
        FOR EACH ROW WHEN (NEW.task = 'Removed after a spill.') EXECUTE FUNCTION reviews_log_blanked();

    CREATE FUNCTION reviews_score_stands() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND reviews_removed((SELECT assessment_id FROM reviews_agencylog WHERE id = OLD.log_id)) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
    END $$;
    DROP TRIGGER append_only ON reviews_agencyscore;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviews_agencyscore
        FOR EACH ROW EXECUTE FUNCTION reviews_score_stands();
"""
AS_BEFORE = """
    DROP TRIGGER append_only ON reviews_agencyscore;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviews_agencyscore
        FOR EACH ROW EXECUTE FUNCTION portal_append_only();
    DROP TRIGGER log_blanked ON reviews_agencylog;
    DROP TRIGGER log_stays_update ON reviews_agencylog;
    DROP TRIGGER log_stays ON reviews_agencylog;
    CREATE TRIGGER log_stays BEFORE INSERT OR UPDATE OR DELETE ON reviews_agencylog
        FOR EACH ROW EXECUTE FUNCTION reviews_log_stays();
    DROP TRIGGER append_only ON reviews_retestanswer;
    DROP TRIGGER append_only ON reviews_retest;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviews_retest
        FOR EACH ROW EXECUTE FUNCTION portal_append_only();
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviews_retestanswer
        FOR EACH ROW EXECUTE FUNCTION portal_append_only();
    DROP TRIGGER held_blanked ON reviews_assessmentanswer;
    DROP TRIGGER held_update ON reviews_assessmentanswer;
    DROP TRIGGER held ON reviews_assessmentanswer;
    CREATE TRIGGER held BEFORE INSERT OR UPDATE OR DELETE ON reviews_assessmentanswer
        FOR EACH ROW EXECUTE FUNCTION reviews_answer_held();
    DROP FUNCTION reviews_score_stands();
    DROP FUNCTION reviews_log_blanked();
    DROP FUNCTION reviews_retest_stands();
    DROP FUNCTION reviews_answer_blanked();
    DROP FUNCTION reviews_blanked(jsonb, jsonb, text[]);
    DROP FUNCTION reviews_removed(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0011_consultations"), ("submissions", "0021_spills")]
    operations = [migrations.RunSQL(REMOVED, AS_BEFORE)]
