from django.db import migrations

from portal.submissions.kept import kept


class Migration(migrations.Migration):
    """No seat, assessment, log or inquiry is removed that a legal hold keeps. Designations, runs and retests are append-only."""

    dependencies = [("reviews", "0009_agency_logs"), ("submissions", "0018_legal_holds")]
    operations = [
        kept("reviews_caseagency", "submission_id"),
        kept("reviews_assignment", "submission_id"),
        kept("reviews_assessment", "submission_id"),
        kept(
            "reviews_assessment_versions_read",
            "assessment_id",
            "SELECT submission_id FROM reviews_assessment WHERE id = $1",
        ),
        kept(
            "reviews_agencylog",
            "assessment_id",
            "SELECT submission_id FROM reviews_assessment WHERE id = $1",
        ),
        kept("reviews_inquiry", "lab_id", of="lab"),
    ]
