from django.db import migrations

from portal.submissions.kept import kept

OF_A_GRANT = "SELECT submission_id FROM partners_grant WHERE id = $1"


class Migration(migrations.Migration):
    """No grant is removed that a legal hold keeps."""

    dependencies = [("partners", "0003_partner_terms"), ("submissions", "0018_legal_holds")]
    operations = [
        kept("partners_grant", "submission_id"),
        *(
            kept(f"partners_grant{part}", "grant_id", OF_A_GRANT)
            for part in ("document", "user", "extension")
        ),
    ]
