import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.clock
from portal.append_only import append_only


class Migration(migrations.Migration):
    """People's statements that what is on record of their conflicts and ties is complete."""

    dependencies = [
        ("submissions", "0022_indexes_of_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConflictStatement",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField(default=portal.clock.now)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "id"],
                "indexes": [models.Index(fields=["person", "-at"], name="conflict_statement_newest")],
            },
        ),
        append_only("submissions_conflictstatement"),
    ]
