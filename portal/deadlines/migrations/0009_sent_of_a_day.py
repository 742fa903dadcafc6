from django.db import migrations


class Migration(migrations.Migration):
    """What operators ask of a million sent messages: those of a day, and nothing but those."""

    dependencies = [("deadlines", "0008_who_is_away")]

    operations = [
        migrations.RunSQL(
            """CREATE INDEX message_sent ON deadlines_message (sent_at) WHERE state = 'sent' AND digest_id IS NULL""",
            """DROP INDEX message_sent""",
        ),
    ]
