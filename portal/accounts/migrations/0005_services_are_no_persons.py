"""A lab's service is no person, whoever asks: the database refuses what only persons have (docs/adr/0012)."""

from django.db import migrations

SERVICE = """
    CREATE OR REPLACE FUNCTION accounts_is_service(person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT EXISTS (SELECT 1 FROM accounts_user WHERE id = person AND service_of_id IS NOT NULL)
    $$;

    CREATE OR REPLACE FUNCTION accounts_keep_service() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NEW.service_of_id IS DISTINCT FROM OLD.service_of_id THEN
                RAISE EXCEPTION 'a service and its lab stay together' USING ERRCODE = 'check_violation';
            END IF;
            IF NEW.service_of_id IS NOT NULL AND NEW.is_active AND NOT OLD.is_active THEN
                RAISE EXCEPTION 'a revoked service stays revoked' USING ERRCODE = 'check_violation';
            END IF;
        ELSIF NEW.service_of_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM accounts_organisation WHERE id = NEW.service_of_id AND kind = 'lab'
        ) THEN
            RAISE EXCEPTION 'only labs have services' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER keep_service BEFORE INSERT OR UPDATE OF service_of_id, is_active ON accounts_user
        FOR EACH ROW EXECUTE FUNCTION accounts_keep_service();

    CREATE OR REPLACE FUNCTION accounts_service_role() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE home uuid;
    BEGIN
        SELECT service_of_id INTO home FROM accounts_user WHERE id = NEW.user_id;
        IF (home IS NULL) = (NEW.role IN ('service', 'service_viewer')) THEN
            RAISE EXCEPTION 'a service has a service''s role, and nobody else has' USING ERRCODE = 'check_violation';
        END IF;
        IF home IS NOT NULL AND home <> NEW.organisation_id THEN
            RAISE EXCEPTION 'a service belongs to its lab alone' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER service_role BEFORE INSERT OR UPDATE OF user_id, organisation_id, role ON accounts_membership
        FOR EACH ROW EXECUTE FUNCTION accounts_service_role();

    CREATE OR REPLACE FUNCTION accounts_service_token() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- 366 days: a year, and a moment between the two instants it is counted from.
        IF accounts_is_service(NEW.user_id)
           AND (NEW.made_by_id IS NULL OR NEW.expiry IS NULL OR NEW.expiry > NEW.created + interval '366 days') THEN
            RAISE EXCEPTION 'a service token names its maker and expires within a year' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER service_token BEFORE INSERT OR UPDATE OF user_id, made_by_id, expiry, created ON accounts_apitoken
        FOR EACH ROW EXECUTE FUNCTION accounts_service_token();

    -- Named by the argument: the column that holds the person.
    CREATE OR REPLACE FUNCTION accounts_persons_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF accounts_is_service((to_jsonb(NEW) ->> TG_ARGV[0])::uuid) THEN
            RAISE EXCEPTION 'a service is no person: nothing in % is its', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
"""
PERSONS_ONLY = (
    "mfa_authenticator",
    "account_emailaddress",
    "usersessions_usersession",
    "accounts_invitation",
    "accounts_affiliation",
)
DROP = """
    DROP TRIGGER keep_service ON accounts_user;
    DROP TRIGGER service_role ON accounts_membership;
    DROP TRIGGER service_token ON accounts_apitoken;
    DROP FUNCTION accounts_persons_only();
    DROP FUNCTION accounts_service_token();
    DROP FUNCTION accounts_service_role();
    DROP FUNCTION accounts_keep_service();
    DROP FUNCTION accounts_is_service(uuid);
"""


def persons_only(table: str, column: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER persons_only BEFORE INSERT OR UPDATE OF {column} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION accounts_persons_only('{column}')",
        f"DROP TRIGGER persons_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_services"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(SERVICE, DROP),
        *(persons_only(table, "user_id") for table in PERSONS_ONLY),
    ]
