"""A lab's service is written to by nobody: whoever plans or tells may name it, and no message is made (docs/adr/0012)."""

from django.db import migrations

NO_MAIL = """
    CREATE OR REPLACE FUNCTION deadlines_no_message_to_services() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF accounts_is_service(NEW.recipient_id) THEN RETURN NULL; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER no_message_to_services BEFORE INSERT ON deadlines_message
        FOR EACH ROW EXECUTE FUNCTION deadlines_no_message_to_services();
"""
DROP = """
    DROP TRIGGER no_message_to_services ON deadlines_message;
    DROP FUNCTION deadlines_no_message_to_services();
"""
PERSONS_ONLY = """
    CREATE TRIGGER persons_only BEFORE INSERT OR UPDATE OF person_id ON {table}
        FOR EACH ROW EXECUTE FUNCTION accounts_persons_only('person_id')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("deadlines", "0005_calendar_feed"),
        ("accounts", "0005_services_are_no_persons"),
    ]
    operations = [
        migrations.RunSQL(NO_MAIL, DROP),
        *(
            migrations.RunSQL(PERSONS_ONLY.format(table=table), f"DROP TRIGGER persons_only ON {table}")
            for table in ("deadlines_calendarfeed", "deadlines_noticepreference")
        ),
    ]
