"""The database keeps the last administrator of a lab or partner organisation, whoever asks and however many at once."""

from django.db import migrations

KEEP = """
    CREATE OR REPLACE FUNCTION accounts_keep_administrator() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.role <> 'admin' OR OLD.ended_at IS NOT NULL THEN RETURN NULL; END IF;
        IF TG_OP = 'UPDATE' THEN
            IF NEW.role = 'admin' AND NEW.ended_at IS NULL AND NEW.organisation_id = OLD.organisation_id THEN
                RETURN NULL;
            END IF;
        END IF;
        PERFORM 1 FROM accounts_organisation
            WHERE id = OLD.organisation_id AND kind IN ('lab', 'partner') FOR UPDATE;
        IF NOT FOUND THEN RETURN NULL; END IF;
        -- Under READ COMMITTED this statement sees what was committed while we waited for the lock.
        IF NOT EXISTS (
            SELECT 1 FROM accounts_membership
            WHERE organisation_id = OLD.organisation_id AND role = 'admin' AND ended_at IS NULL
        ) THEN
            RAISE EXCEPTION 'an organisation keeps its last administrator' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER keep_administrator AFTER UPDATE OR DELETE ON accounts_membership
        FOR EACH ROW EXECUTE FUNCTION accounts_keep_administrator();
"""
DROP = """
    DROP TRIGGER keep_administrator ON accounts_membership;
    DROP FUNCTION accounts_keep_administrator();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(KEEP, DROP)]
