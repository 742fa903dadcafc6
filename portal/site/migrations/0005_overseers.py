from importlib import import_module

from django.db import migrations

rows = import_module("portal.site.migrations.0002_rows")
erasures = import_module("portal.site.migrations.0003_erasures")

# Oversees every case, has no conflict and belongs to no lab: nothing of a case that was offered is kept from them. One setting,
# asked first, since they are asked about the most rows.
EVERY = rows.is_("every")
FREE = "('free', coalesce(cardinality(barred_labs), 0) + coalesce(cardinality(barred_cases), 0) = 0)"
SAID = f"""('every', seats.labs IS NULL AND seats.wide && '{{coordinator,auditor}}'
                                  AND coalesce(cardinality(barred_labs), 0) + coalesce(cardinality(barred_cases), 0) = 0),
                        {FREE}"""
ENTERED = rows.ENTER.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
ENTER = ENTERED.replace(FREE, SAID)
OFFERED = """
    CREATE VIEW portal_offered WITH (security_barrier) AS
    SELECT s.id FROM submissions_submission s WHERE current_setting('portal.every', true) = 'true' AND s.submitted_at IS NOT NULL;
"""
OF_OFFERED = f"{EVERY} AND case_id IS NOT NULL AND {rows.there_is('portal_offered s WHERE s.id = case_id')}"
FIRST = {
    "submissions_submission": f"{EVERY} AND submitted_at IS NOT NULL",
    "reviews_assignment": EVERY,
    "partners_grant": EVERY,
    "ledger_event": OF_OFFERED,
    "deadlines_message": OF_OFFERED,
    "deadlines_deadline": OF_OFFERED,
}


def before(table: str) -> str:
    """The policy of 0002 and 0003."""
    first = f"{rows.FIRST[table]} OR " if table in rows.FIRST else ""
    seen = rows.POLICIES[table].replace(rows.ACCOUNTS, erasures.KINDS).strip()
    return f"{first}{rows.lifted(rows.room(table))} OR {seen}"


def altered(policies: dict[str, str]) -> str:
    return "".join(f"ALTER POLICY seen ON {table} USING ({said});" for table, said in policies.items())


def expecting(old: str, new: str) -> str:
    """Of what is unknown to it PostgreSQL expects a third of the rows to be greater, and nearly all to differ. A policy keeps back
    little of what a filter left, so plans are made as without policies where it is expected to."""
    return rf"""
    DO $$
    DECLARE it record;
    BEGIN
        FOR it IN
            SELECT polrelid::regclass AS of, polname, pg_get_expr(polqual, polrelid) AS said
              FROM pg_policy WHERE polqual IS NOT NULL
        LOOP
            EXECUTE format('ALTER POLICY %I ON %s USING (%s)', it.polname, it.of, regexp_replace(it.said,
                '(strpos\(current_setting\(''portal.lifted''::text, true\), ''[a-z]+''::text\)) {old} 0', '\1 {new} 0', 'g'));
        END LOOP;
    END $$;
    """  # noqa: S608 (constants of this file)


class Migration(migrations.Migration):
    """Policies cost less for who oversees every case, and PostgreSQL plans as it would without them."""

    dependencies = [("portal_site", "0004_offered")]
    operations = [
        migrations.RunSQL(ENTER, ENTERED),
        migrations.RunSQL(OFFERED, "DROP VIEW portal_offered"),
        migrations.RunSQL(
            altered({table: f"{first} OR {before(table)}" for table, first in FIRST.items()}),
            altered({table: before(table) for table in FIRST}),
        ),
        migrations.RunSQL(expecting(">", "<>"), expecting("<>", ">")),
    ]
