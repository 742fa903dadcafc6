from django.db import migrations, models

# A view of its own, which everybody may ask: row-level security hides who reported what, and must not unfreeze it thereby.
FROZEN = """
    CREATE VIEW submissions_frozen AS
    SELECT id, kind, subject_id FROM submissions_spill WHERE state IN ('frozen', 'removed');
"""


class Migration(migrations.Migration):
    """What the application reads in place of whole tables: what a spill hides, who sees what, who may not."""

    dependencies = [("submissions", "0023_conflict_statements")]
    operations = [
        migrations.RunSQL(FROZEN, "DROP VIEW submissions_frozen"),
        migrations.CreateModel(
            name="Frozen",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("subject_id", models.UUIDField()),
            ],
            options={"db_table": "submissions_frozen", "managed": False},
        ),
        # The views of these are made with row-level security, whose functions they ask (portal_site 0002).
        migrations.CreateModel(
            name="Content",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("size", models.PositiveBigIntegerField()),
                ("disposed_at", models.DateTimeField(null=True)),
                ("file_removed_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "content_shown", "managed": False},
        ),
        migrations.AlterModelTable("audience", "audience_shown"),
        migrations.AlterModelTable("barrier", "barrier_shown"),
    ]
