from django.db import migrations

# What names a case by ``submission_id`` and comes only with its offer to the programme.
TABLES = ("reviews_assignment", "partners_grant")

OFFERED = """
    CREATE FUNCTION portal_only_offered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM submissions_submission WHERE id = NEW.submission_id AND submitted_at IS NOT NULL) THEN
            RAISE EXCEPTION 'a case that was never offered has neither seats nor grants' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE FUNCTION portal_stays_offered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RAISE EXCEPTION 'a case that was offered is no draft again' USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER stays_offered BEFORE UPDATE OF submitted_at ON submissions_submission FOR EACH ROW
        WHEN (old.submitted_at IS NOT NULL AND new.submitted_at IS NULL) EXECUTE FUNCTION portal_stays_offered();
""" + "".join(
    f"""
    CREATE TRIGGER only_offered BEFORE INSERT OR UPDATE OF submission_id ON {table} FOR EACH ROW
        EXECUTE FUNCTION portal_only_offered();"""
    for table in TABLES
)
NOT_OFFERED = (
    "DROP TRIGGER stays_offered ON submissions_submission;"
    + "".join(f"DROP TRIGGER only_offered ON {table};" for table in TABLES)
    + "DROP FUNCTION portal_only_offered(); DROP FUNCTION portal_stays_offered();"
)


class Migration(migrations.Migration):
    """Seats and grants come only with the case's offer: their policies need not look the case up for who sees every case."""

    dependencies = [
        ("portal_site", "0003_erasures"),
        ("submissions", "0026_unusual_reading"),
        ("reviews", "0015_seats_by_state"),
        ("partners", "0018_index_of_open_findings"),
    ]
    operations = [migrations.RunSQL(OFFERED, NOT_OFFERED)]
