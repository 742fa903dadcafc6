import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import portal.clock
import uuid
from django.conf import settings
from django.db import migrations, models

from portal.append_only import append_only

# Plain SQL, as ``append_only``: no setting of a session switches it off.
MARK = """
    CREATE FUNCTION portal_commercial_mark() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.confidential_commercial THEN
            -- Marked anew: who took the mark off before is no ground to take it off again.
            NEW.unmarked_by_id := NULL; NEW.unmarked_under_id := NULL;
            RETURN NEW;
        END IF;
        IF NEW.unmarked_under_id IS NULL AND EXISTS (
            SELECT FROM accounts_membership m JOIN submissions_submission s ON s.lab_id = m.organisation_id
             WHERE s.id = NEW.submission_id AND m.user_id = NEW.unmarked_by_id AND m.ended_at IS NULL
               AND m.role IN ('admin', 'contributor')) THEN
            RETURN NEW;
        END IF;
        IF EXISTS (
            SELECT FROM submissions_disclosurenotice n
              JOIN submissions_disclosurenotice_documents d ON d.disclosurenotice_id = n.id
             WHERE n.id = NEW.unmarked_under_id AND n.submission_id = NEW.submission_id AND d.document_id = NEW.id
               AND n.stored_state = 'disclosed') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the mark of confidential commercial information is taken off by the lab, or after a notice to it'
            USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER commercial_mark BEFORE UPDATE OF confidential_commercial ON submissions_document
        FOR EACH ROW WHEN (OLD.confidential_commercial <> NEW.confidential_commercial)
        EXECUTE FUNCTION portal_commercial_mark();
"""
UNMARK = "DROP TRIGGER commercial_mark ON submissions_document; DROP FUNCTION portal_commercial_mark();"


class Migration(migrations.Migration):
    """What a lab is told before a disclosure, and what it says to that; government alone takes no commercial mark off."""

    dependencies = [
        ("accounts", "0003_token_scope"),
        ("submissions", "0011_services"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="document",
            name="unmarked_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="document",
            name="confidential_commercial",
            field=models.BooleanField(
                default=True,
                help_text="FOIA exemption 4; government cannot remove this mark without telling you first.",
                verbose_name="confidential commercial information",
            ),
        ),
        migrations.CreateModel(
            name="DisclosureNotice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("reference", models.CharField(max_length=80, verbose_name="request")),
                ("text", models.TextField(max_length=10000)),
                (
                    "stored_state",
                    models.CharField(
                        choices=[
                            ("notified", "Awaits the lab's answer"),
                            ("silent", "No answer in time"),
                            ("objected", "Lab objects"),
                            ("not_objected", "Lab does not object"),
                            ("to_disclose", "To be disclosed"),
                            ("not_disclosed", "Not disclosed"),
                            ("disclosed", "Disclosed"),
                            ("dropped", "Request ended"),
                        ],
                        default="notified",
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("given_at", models.DateTimeField(default=portal.clock.now)),
                ("due_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("disclose_at", models.DateTimeField(null=True)),
                ("disclosed_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                ("documents", models.ManyToManyField(related_name="+", to="submissions.document")),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disclosure_notices",
                        to="submissions.submission",
                    ),
                ),
            ],
            options={
                "verbose_name": "disclosure notice",
                "ordering": ["number"],
            },
        ),
        migrations.AddField(
            model_name="document",
            name="unmarked_under",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="submissions.disclosurenotice",
            ),
        ),
        migrations.CreateModel(
            name="DisclosureStatement",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("verb", models.CharField(max_length=40)),
                ("text", models.TextField(blank=True, max_length=10000)),
                ("said_at", models.DateTimeField(default=portal.clock.now)),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statements",
                        to="submissions.disclosurenotice",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "statement",
                "ordering": ["number"],
            },
        ),
        migrations.AddIndex(
            model_name="disclosurenotice",
            index=models.Index(fields=["-given_at", "id"], name="disclosure_newest"),
        ),
        migrations.AddConstraint(
            model_name="disclosurenotice",
            constraint=models.UniqueConstraint(
                fields=("submission", "number"), name="disclosure_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosurenotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("text", ""), _negated=True), models.Q(("reference", ""), _negated=True)
                ),
                name="disclosure_says_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosurenotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("given_at"))), name="disclosure_lab_has_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosurenotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stored_state__in", ["to_disclose", "disclosed"]), _negated=True),
                    models.Q(("decided_at__isnull", False), ("disclose_at__gte", models.F("decided_at"))),
                    _connector="OR",
                ),
                name="disclosure_decided_has_date",
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosurenotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stored_state__in", ["to_disclose", "disclosed"]), _negated=True),
                    ("answered_at__isnull", False),
                    ("decided_at__gte", models.F("due_at")),
                    _connector="OR",
                ),
                name="disclosure_lab_is_heard",
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosurenotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disclosed_at", None), models.Q(("stored_state", "disclosed"), _negated=True)),
                    models.Q(("disclosed_at__gte", models.F("disclose_at")), ("stored_state", "disclosed")),
                    _connector="OR",
                ),
                name="disclosure_not_before_its_date",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="disclosurenotice",
            trigger=pgtrigger.compiler.Trigger(
                name="disclosure_steps",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."stored_state", \':\', NEW."stored_state") = ANY(\'{not_objected:dropped,not_objected:not_disclosed,not_objected:objected,not_objected:to_disclose,notified:dropped,notified:not_disclosed,notified:not_objected,notified:objected,notified:to_disclose,objected:dropped,objected:not_disclosed,objected:not_objected,objected:to_disclose,to_disclose:disclosed,to_disclose:dropped,to_disclose:not_disclosed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."stored_state" IS DISTINCT FROM NEW."stored_state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "stored_state" from "%" to "%" on table %\', OLD."stored_state", NEW."stored_state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="6941edf455b690bc4bcdfa2a0cefd45a225d961f",
                    operation="UPDATE",
                    pgid="pgtrigger_disclosure_steps_bfa44",
                    table="submissions_disclosurenotice",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosurestatement",
            constraint=models.UniqueConstraint(fields=("notice", "number"), name="disclosure_statement_once"),
        ),
        append_only("submissions_disclosurenotice_documents"),
        append_only("submissions_disclosurestatement"),
        migrations.RunSQL(MARK, UNMARK),
    ]
