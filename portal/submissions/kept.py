"""Tables whose rows stay while a legal hold stands over their case or their lab: a trigger refuses to remove them, whoever asks.

Plain SQL, as ``append_only``. ``portal_records_kept`` is the one answer to whether a hold stands: the triggers ask it, and so
does every action that would remove content. It takes a shared lock of the lab until the transaction ends, which placing a hold
takes alone, so that a hold and a removal follow each other.
"""

from django.db import connection, migrations

_KEPT = """
    CREATE FUNCTION portal_records_lock(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT hashtextextended('records of ' || owner, 0)
    $$;
    CREATE FUNCTION portal_records_kept(concerned uuid, owner uuid) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF owner IS NULL THEN
            SELECT lab_id INTO owner FROM submissions_submission WHERE id = concerned;
        END IF;
        IF owner IS NULL THEN RETURN false; END IF;
        PERFORM pg_advisory_xact_lock_shared(portal_records_lock(owner));
        -- A statement of its own, so that it sees what was committed while the lock was waited for.
        RETURN EXISTS (SELECT FROM submissions_legalhold h
                        WHERE h.lifted_at IS NULL AND (h.submission_id = concerned OR h.lab_id = owner));
    END $$;

    CREATE FUNCTION portal_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        named uuid := (to_jsonb(OLD) ->> TG_ARGV[1])::uuid;
        kept boolean;
    BEGIN
        IF TG_NARGS > 2 THEN EXECUTE TG_ARGV[2] INTO named USING named; END IF;
        IF TG_ARGV[0] = 'lab' THEN kept := portal_records_kept(NULL, named);
        ELSE kept := portal_records_kept(named, NULL);
        END IF;
        IF kept THEN
            RAISE EXCEPTION 'records are kept under a legal hold: % on % refused', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'records_kept';
        END IF;
        RETURN OLD;
    END $$;
    CREATE FUNCTION portal_kept_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM submissions_legalhold WHERE lifted_at IS NULL) THEN
            RAISE EXCEPTION 'records are kept under a legal hold: % on % refused', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'records_kept';
        END IF;
        RETURN NULL;
    END $$;
"""
_NO_KEPT = """
    DROP FUNCTION portal_kept_truncate(); DROP FUNCTION portal_kept();
    DROP FUNCTION portal_records_kept(uuid, uuid); DROP FUNCTION portal_records_lock(uuid);
"""


def functions() -> migrations.RunSQL:
    """The migration operation that makes the functions; ``kept`` needs them."""
    return migrations.RunSQL(_KEPT, _NO_KEPT)


def kept(table: str, column: str, lookup: str = "", *, of: str = "case") -> migrations.RunSQL:
    """The migration operation that keeps a table's rows. ``column`` names the row's case, or its lab with ``of="lab"``; with
    ``lookup`` it names a parent, of which that statement gives the case (``SELECT submission_id FROM ... WHERE id = $1``).
    """
    arguments = ", ".join(f"'{value}'" for value in (of, column, lookup) if value)
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER records_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION portal_kept({arguments});
        CREATE TRIGGER records_kept_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION portal_kept_truncate();
        """,
        f"DROP TRIGGER records_kept ON {table}; DROP TRIGGER records_kept_truncate ON {table};",
    )


def lock_records(lab) -> None:
    """Within the transaction that places a hold: wait for each removal of the lab's content that has begun; let none begin."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(portal_records_lock(%s))", [lab])


def wait_for_no_hold() -> None:
    """Within the transaction that removes something of many labs: until it ends no hold is placed on any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(portal_records_lock(id))"
            " FROM (SELECT id FROM accounts_organisation WHERE kind = 'lab' ORDER BY id) AS labs"
        )


def is_kept(case) -> bool:
    """Whether a legal hold stands over a case; until the transaction ends no other is placed on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT portal_records_kept(%s, %s)", [case.pk, case.lab_id])
        return cursor.fetchone()[0]
