"""Tables whose rows are never changed, removed or emptied: a trigger refuses it, whoever asks.

Plain SQL and not a model's trigger, because model triggers can be switched off by a setting that any session may write.
"""

from django.db import migrations

_FUNCTION = """
    CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
    END $$;
"""


def append_only(table: str) -> migrations.RunSQL:
    """The migration operation that makes a table append-only. Row triggers do not see TRUNCATE, so a statement trigger does."""
    return migrations.RunSQL(
        f"""
        {_FUNCTION}
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION portal_append_only();
        CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only();
        """,
        f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_truncate ON {table};",
    )
