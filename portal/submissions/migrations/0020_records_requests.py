import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import portal.clock
import uuid
from django.conf import settings
from django.db import migrations, models

from portal.append_only import append_only


class Migration(migrations.Migration):
    """The agencies' logs of requests for records, and what each has to do with a lab."""

    dependencies = [
        ("accounts", "0005_services_are_no_persons"),
        ("submissions", "0019_retention"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RecordsRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tracking_number", models.CharField(max_length=80, verbose_name="tracking number")),
                ("received_on", models.DateField(verbose_name="received on")),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("commercial", "Commercial use"),
                            ("educational", "Educational or noncommercial scientific institution"),
                            ("news_media", "News media"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                        verbose_name="requester",
                    ),
                ),
                ("description", models.TextField(max_length=2000, verbose_name="what is asked for")),
                (
                    "stored_state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("extended", "Extended"),
                            ("answered", "Answered"),
                        ],
                        default="received",
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("extended_at", models.DateTimeField(null=True)),
                (
                    "extension_reason",
                    models.TextField(blank=True, max_length=2000, verbose_name="unusual circumstances"),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("in_full", "Disclosed in full"),
                            ("in_part", "Disclosed in part"),
                            ("withheld", "Withheld"),
                            ("no_records", "No records"),
                            ("withdrawn", "Withdrawn by the requester"),
                        ],
                        max_length=20,
                    ),
                ),
                ("answered_on", models.DateField(null=True, verbose_name="answered on")),
                (
                    "exemptions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("1", "1: national defense or foreign policy, classified"),
                                ("2", "2: internal personnel rules"),
                                ("3", "3: exempt by another statute"),
                                ("4", "4: trade secrets, confidential commercial or financial information"),
                                ("5", "5: privileged communications of agencies"),
                                ("6", "6: personal privacy"),
                                ("7A", "7(A): enforcement proceedings"),
                                ("7B", "7(B): fair trial"),
                                ("7C", "7(C): personal privacy in law enforcement"),
                                ("7D", "7(D): confidential source"),
                                ("7E", "7(E): techniques of law enforcement"),
                                ("7F", "7(F): life or physical safety"),
                                ("8", "8: financial institutions"),
                                ("9", "9: wells"),
                            ],
                            max_length=2,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("logged_at", models.DateTimeField(default=portal.clock.now)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "logged_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "records request",
                "ordering": ["-received_on", "id"],
            },
        ),
        migrations.CreateModel(
            name="RequestNotice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("linked_at", models.DateTimeField(default=portal.clock.now)),
                (
                    "linked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="submissions.disclosurenotice",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="submissions.recordsrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["linked_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="recordsrequest",
            name="notices",
            field=models.ManyToManyField(
                related_name="records_requests",
                through="submissions.RequestNotice",
                to="submissions.disclosurenotice",
            ),
        ),
        migrations.AddConstraint(
            model_name="requestnotice",
            constraint=models.UniqueConstraint(fields=("request", "notice"), name="request_notice_once"),
        ),
        migrations.AddIndex(
            model_name="recordsrequest",
            index=models.Index(fields=["agency", "-received_on"], name="records_request_agency"),
        ),
        migrations.AddConstraint(
            model_name="recordsrequest",
            constraint=models.UniqueConstraint(
                models.F("agency"), models.F("tracking_number"), name="records_request_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="recordsrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("tracking_number", ""), _negated=True),
                    models.Q(("description", ""), _negated=True),
                ),
                name="records_request_says_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="recordsrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("extended_at", None), ("extension_reason", "")),
                    models.Q(
                        ("extended_at__isnull", False), models.Q(("extension_reason", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="records_request_extended_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="recordsrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("stored_state", "answered"), _negated=True),
                        ("answered_on", None),
                        ("outcome", ""),
                    ),
                    models.Q(
                        ("answered_on__gte", models.F("received_on")),
                        ("stored_state", "answered"),
                        models.Q(("outcome", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="records_request_answered_with_outcome",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recordsrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="records_request_steps",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."stored_state", \':\', NEW."stored_state") = ANY(\'{extended:answered,received:answered,received:extended}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."stored_state" IS DISTINCT FROM NEW."stored_state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "stored_state" from "%" to "%" on table %\', OLD."stored_state", NEW."stored_state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="bcba70557de7437f6fa0ca2fdaa363cbacc49d2e",
                    operation="UPDATE",
                    pgid="pgtrigger_records_request_steps_3f845",
                    table="submissions_recordsrequest",
                    when="BEFORE",
                ),
            ),
        ),
        append_only("submissions_requestnotice"),
    ]
