import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import portal.clock
import uuid
from django.conf import settings
from django.db import migrations, models

from portal.append_only import append_only

# Hints at questions that are alike come from it. A server that does not offer it, or not to us, does without the hints.
TRIGRAMS = """
    DO $$ BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE 'pg_trgm is not there: %', SQLERRM;
    END $$;
"""


class Migration(migrations.Migration):
    """What agencies ask a lab about its case, and what it answers; answers are never overwritten."""

    dependencies = [
        ("accounts", "0002_last_administrator"),
        ("submissions", "0007_evaluations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InformationRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(max_length=10000)),
                (
                    "stored_state",
                    models.CharField(
                        choices=[
                            ("asked", "Asked"),
                            ("answered", "Answered"),
                            ("merged", "Merged"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="asked",
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("asked_at", models.DateTimeField(default=portal.clock.now)),
                ("due_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="submissions.informationrequest",
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="submissions.submission",
                    ),
                ),
            ],
            options={
                "verbose_name": "question",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="RequestAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(max_length=10000)),
                ("answered_at", models.DateTimeField(default=portal.clock.now)),
                (
                    "answered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("files", models.ManyToManyField(related_name="+", to="submissions.documentversion")),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="submissions.informationrequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="RequestFollowUp",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(max_length=2000)),
                ("asked_at", models.DateTimeField(default=portal.clock.now)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="submissions.informationrequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "follow-up",
                "ordering": ["number"],
            },
        ),
        migrations.AddIndex(
            model_name="informationrequest",
            index=models.Index(fields=["-asked_at", "id"], name="question_newest"),
        ),
        migrations.AddConstraint(
            model_name="informationrequest",
            constraint=models.UniqueConstraint(fields=("submission", "number"), name="question_number_once"),
        ),
        migrations.AddConstraint(
            model_name="informationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="question_has_text"
            ),
        ),
        migrations.AddConstraint(
            model_name="informationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("merged_into__isnull", False),
                        ("stored_state", "merged"),
                        models.Q(("merged_into", models.F("id")), _negated=True),
                    ),
                    models.Q(models.Q(("stored_state", "merged"), _negated=True), ("merged_into", None)),
                    _connector="OR",
                ),
                name="merged_question_names_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="informationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stored_state", "answered"), _negated=True),
                    ("answered_at__isnull", False),
                    _connector="OR",
                ),
                name="answered_question_has_instant",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="informationrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="question_steps",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."stored_state", \':\', NEW."stored_state") = ANY(\'{answered:asked,asked:answered,asked:merged,asked:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."stored_state" IS DISTINCT FROM NEW."stored_state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "stored_state" from "%" to "%" on table %\', OLD."stored_state", NEW."stored_state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="5ba295393f26462ba23416df23cae9d5a7b8d382",
                    operation="UPDATE",
                    pgid="pgtrigger_question_steps_47202",
                    table="submissions_informationrequest",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="requestanswer",
            constraint=models.UniqueConstraint(fields=("request", "number"), name="answer_version_once"),
        ),
        migrations.AddConstraint(
            model_name="requestfollowup",
            constraint=models.UniqueConstraint(fields=("request", "number"), name="follow_up_once_an_answer"),
        ),
        append_only("submissions_requestanswer"),
        append_only("submissions_requestanswer_files"),
        append_only("submissions_requestfollowup"),
        migrations.RunSQL(TRIGRAMS, migrations.RunSQL.noop),
    ]
