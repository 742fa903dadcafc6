import django.db.models.deletion
import portal.clock
import uuid
from django.conf import settings
from django.db import migrations, models

from portal.submissions.kept import functions, kept

# Plain SQL, as ``append_only``: no setting of a session switches it off.
GUARD = """
    CREATE FUNCTION portal_legal_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' AND NEW.lifted_at IS NULL THEN RETURN NEW; END IF;
        IF TG_OP = 'UPDATE' AND OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL
           AND (NEW.id, NEW.submission_id, NEW.lab_id, NEW.matter, NEW.reason, NEW.placed_by_id, NEW.placed_at) IS NOT DISTINCT FROM
               (OLD.id, OLD.submission_id, OLD.lab_id, OLD.matter, OLD.reason, OLD.placed_by_id, OLD.placed_at) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a legal hold is placed, and lifted once: % refused', TG_OP USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER legal_hold_guard BEFORE INSERT OR UPDATE OR DELETE ON submissions_legalhold
        FOR EACH ROW EXECUTE FUNCTION portal_legal_hold();
    CREATE TRIGGER legal_hold_truncate BEFORE TRUNCATE ON submissions_legalhold
        FOR EACH STATEMENT EXECUTE FUNCTION portal_legal_hold();
"""
UNGUARD = """
    DROP TRIGGER legal_hold_guard ON submissions_legalhold; DROP TRIGGER legal_hold_truncate ON submissions_legalhold;
    DROP FUNCTION portal_legal_hold();
"""
# What is append-only anyway has no need of it: answers and follow-ups, statements, the documents of a notice, the ledger.
OF_A_CASE = (
    "terms", "accessinstructions", "facts", "document", "evaluation", "contact", "informationrequest", "disclosurenotice",
    "obligation", "alias", "conflict",
)  # fmt: skip


class Migration(migrations.Migration):
    """Legal holds, and what they keep: no row of a case or a lab under one is removed, whoever asks."""

    dependencies = [
        ("accounts", "0005_services_are_no_persons"),
        ("deadlines", "0006_services_get_no_mail"),
        ("submissions", "0017_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("matter", models.CharField(max_length=120, verbose_name="matter")),
                ("reason", models.TextField(max_length=2000, verbose_name="reason")),
                ("placed_at", models.DateTimeField(default=portal.clock.now)),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "lift_reason",
                    models.TextField(blank=True, max_length=2000, verbose_name="why it was lifted"),
                ),
                (
                    "lab",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="submissions.submission",
                        verbose_name="case",
                    ),
                ),
            ],
            options={
                "verbose_name": "legal hold",
                "ordering": ["-placed_at", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("lifted_at", None)),
                        fields=["submission"],
                        name="legal_hold_of_case",
                    ),
                    models.Index(
                        condition=models.Q(("lifted_at", None)), fields=["lab"], name="legal_hold_of_lab"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lab__isnull", False), ("submission", None)),
                            models.Q(("lab", None), ("submission__isnull", False)),
                            _connector="OR",
                        ),
                        name="legal_hold_names_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("matter", ""), _negated=True), models.Q(("reason", ""), _negated=True)
                        ),
                        name="legal_hold_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lift_reason", ""), ("lifted_at", None), ("lifted_by", None)),
                            models.Q(
                                ("lifted_at__gte", models.F("placed_at")),
                                ("lifted_by__isnull", False),
                                models.Q(("lift_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="legal_hold_lifted_by_somebody",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lab", None), ("lifted_at", None)),
                        fields=("submission", "matter"),
                        name="legal_hold_once_a_case",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None), ("submission", None)),
                        fields=("lab", "matter"),
                        name="legal_hold_once_a_lab",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        functions(),
        kept("submissions_submission", "id"),
        *(kept(f"submissions_{name}", "submission_id") for name in OF_A_CASE),
        kept(
            "submissions_documentversion",
            "document_id",
            "SELECT submission_id FROM submissions_document WHERE id = $1",
        ),
        kept("deadlines_deadline", "case_id"),
        kept("deadlines_message", "case_id"),
    ]
