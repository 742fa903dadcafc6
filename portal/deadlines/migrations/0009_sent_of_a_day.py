from django.db import migrations, models


class Migration(migrations.Migration):
    """How many mails were sent in a day is counted by an index of its own: the outbox keeps every message."""

    dependencies = [("deadlines", "0008_who_is_away")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["sent_at"], condition=models.Q(state="sent", digest=None), name="message_sent"
            ),
        ),
    ]
