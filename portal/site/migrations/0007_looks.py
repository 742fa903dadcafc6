from importlib import import_module

from django.db import migrations

rows = import_module("portal.site.migrations.0002_rows")
erasures = import_module("portal.site.migrations.0003_erasures")
overseers = import_module("portal.site.migrations.0005_overseers")
addresses = import_module("portal.site.migrations.0006_former_addresses")

# That no case is a draft again, 0004 sees to.
STAYS = """
    CREATE FUNCTION portal_case_stays() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RAISE EXCEPTION 'a case is never deleted: its record names it' USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER stays BEFORE DELETE ON submissions_submission FOR EACH ROW EXECUTE FUNCTION portal_case_stays();
"""
LEAVES = "DROP TRIGGER stays ON submissions_submission; DROP FUNCTION portal_case_stays();"
# Drafts are few, so a statement gathers them once, where it looked up the case of each row.
DRAFTS = """
    CREATE VIEW portal_drafts WITH (security_barrier) AS
    SELECT s.id FROM submissions_submission s WHERE current_setting('portal.every', true) = 'true' AND s.submitted_at IS NULL;
"""
OF_NO_DRAFT = (
    f"{overseers.EVERY} AND case_id IS NOT NULL AND NOT (case_id IN (SELECT s.id FROM portal_drafts s))"  # noqa: S608 (constants of this file)
)
# Asked of each notice on each page: the number in the header.
TO_ME = f"recipient_id = {rows.PERSON} AND {rows.is_('free')}"
MESSAGES = "deadlines_message"
FIRST = {
    "ledger_event": OF_NO_DRAFT,
    "deadlines_deadline": OF_NO_DRAFT,
    MESSAGES: f"{TO_ME} OR {OF_NO_DRAFT}",
    "partners_finding": f"{overseers.EVERY} AND reported_at <= {rows.AT}",
}
# A view of one table can be written through, in its owner's name: past every policy.
READ_ONLY = """
    DO $$
    DECLARE it regclass;
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN RETURN; END IF;
        FOR it IN SELECT oid FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace LOOP
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s FROM portal_app', it);
        END LOOP;
    END $$;
"""
OPENED = rows.lifted("ledger")
OWN_LOOK = f"kind = 'look' AND actor_id = {rows.PERSON}"


def seen(first: dict[str, str]) -> str:
    """The policies of 0005 and 0006, with what they ask first."""
    said = {table: overseers.before(table).replace("> 0)", "<> 0)") for table in first}
    said[MESSAGES] = said[MESSAGES].replace(erasures.KINDS, addresses.KINDS)
    return overseers.altered(
        {table: f"{first[table]} OR {said[table]}" if first[table] else said[table] for table in first}
    )


def added(said: str) -> str:
    return f"ALTER POLICY added ON ledger_event WITH CHECK ({said});"


class Migration(migrations.Migration):
    """A look is written in the name of who looks, nobody writes through a view, and less is looked up for overseers."""

    dependencies = [("portal_site", "0006_former_addresses")]
    operations = [
        migrations.RunSQL(STAYS, LEAVES),
        migrations.RunSQL(DRAFTS, "DROP VIEW portal_drafts"),
        migrations.RunSQL(seen(FIRST), seen({table: overseers.FIRST.get(table, "") for table in FIRST})),
        migrations.RunSQL("DROP VIEW portal_offered", overseers.OFFERED),
        migrations.RunSQL(READ_ONLY, migrations.RunSQL.noop),
        migrations.RunSQL(added(f"{OPENED} OR {OWN_LOOK}"), added(OPENED)),
    ]
