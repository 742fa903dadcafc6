from django.db import migrations

from portal.append_only import append_only

CLOCK = """
    CREATE TABLE portal_clock (
        id boolean PRIMARY KEY DEFAULT true CHECK (id),
        clock_offset interval NOT NULL DEFAULT interval '0'
    );
    INSERT INTO portal_clock DEFAULT VALUES;
    -- Only the owner moves the clock, and only a demo or a test asks for it; everyone else reads.
    DO $$ BEGIN
        IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'portal_app') THEN
            REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON portal_clock FROM portal_app;
        END IF;
    END $$;
    CREATE FUNCTION portal_now() RETURNS timestamptz LANGUAGE sql STABLE AS
        $$ SELECT now() + (SELECT clock_offset FROM portal_clock) $$;
"""
NO_CLOCK = "DROP FUNCTION portal_now(); DROP TABLE portal_clock;"


class Migration(migrations.Migration):
    """The ledger refuses change, and the demo's clock has its row."""

    dependencies = [("ledger", "0001_initial")]
    operations = [append_only("ledger_event"), append_only("ledger_seal"), migrations.RunSQL(CLOCK, NO_CLOCK)]
