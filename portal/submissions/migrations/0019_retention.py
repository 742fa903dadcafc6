from django.conf import settings
from django.db import migrations, models

# Plain SQL, as ``append_only``: no setting of a session switches it off.
DISPOSAL = """
    CREATE FUNCTION portal_version_disposed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE concerned uuid; over boolean;
    BEGIN
        IF OLD.disposed_at IS NOT NULL
           AND (NEW.disposed_at, NEW.file, NEW.name, NEW.size, NEW.sha256, NEW.uploaded_at, NEW.document_id) IS DISTINCT FROM
               (OLD.disposed_at, OLD.file, OLD.name, OLD.size, OLD.sha256, OLD.uploaded_at, OLD.document_id) THEN
            RAISE EXCEPTION 'what was disposed of stays so, and what is known of it' USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.file_removed_at IS NOT NULL AND NEW.file_removed_at IS DISTINCT FROM OLD.file_removed_at THEN
            RAISE EXCEPTION 'a file that was removed stays so' USING ERRCODE = 'check_violation';
        END IF;
        SELECT s.id, s.stored_state IN ('closed', 'withdrawn') INTO concerned, over
          FROM submissions_submission s JOIN submissions_document d ON d.submission_id = s.id WHERE d.id = NEW.document_id;
        IF NEW.disposed_at IS DISTINCT FROM OLD.disposed_at AND NOT over THEN
            RAISE EXCEPTION 'the files of a case that goes on are not disposed of' USING ERRCODE = 'check_violation';
        END IF;
        IF (NEW.disposed_at, NEW.file_removed_at) IS DISTINCT FROM (OLD.disposed_at, OLD.file_removed_at)
           AND portal_records_kept(concerned, NULL) THEN
            RAISE EXCEPTION 'records are kept under a legal hold: disposal refused'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'records_kept';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER version_disposed BEFORE UPDATE ON submissions_documentversion FOR EACH ROW
        WHEN (OLD.disposed_at IS NOT NULL OR NEW.disposed_at IS NOT NULL OR NEW.file_removed_at IS NOT NULL)
        EXECUTE FUNCTION portal_version_disposed();
"""
NO_DISPOSAL = """
    DROP TRIGGER version_disposed ON submissions_documentversion; DROP FUNCTION portal_version_disposed();
"""


class Migration(migrations.Migration):
    """What was disposed of under the retention schedule: only of a case that is over, never under a legal hold, and for good."""

    dependencies = [
        ("submissions", "0018_legal_holds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Retention",
            fields=[],
            options={
                "verbose_name": "retention",
                "verbose_name_plural": "retention",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("submissions.submission",),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="disposed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="file_removed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="documentversion",
            index=models.Index(
                condition=models.Q(("disposed_at__isnull", False), ("file_removed_at", None)),
                fields=["disposed_at"],
                name="version_to_remove",
            ),
        ),
        migrations.AddConstraint(
            model_name="documentversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("file_removed_at", None), ("disposed_at__isnull", False), _connector="OR"
                ),
                name="version_disposed_before_removed",
            ),
        ),
        migrations.RunSQL(DISPOSAL, NO_DISPOSAL),
    ]
