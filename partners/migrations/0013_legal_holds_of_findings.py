from django.db import migrations

from portal.submissions.kept import kept


class Migration(migrations.Migration):
    """No report of a partner, no finding and no relay is removed that a legal hold keeps."""

    dependencies = [("partners", "0012_finding_words")]
    operations = [
        kept("partners_grantreport", "grant_id", "SELECT submission_id FROM partners_grant WHERE id = $1"),
        kept("partners_finding", "submission_id"),
        kept(
            "partners_findingrelay", "finding_id", "SELECT submission_id FROM partners_finding WHERE id = $1"
        ),
    ]
