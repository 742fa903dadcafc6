"""What ties people to organisations, in one view: seats, work, and addresses at an organisation's mail domains."""

from django.db import migrations

ADDRESS = """
    CREATE FUNCTION accounts_at_domain(address text, domain text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT right(lower(address), length(domain) + 1) IN ('@' || domain, '.' || domain)
    $$;
"""
TIE = """
    CREATE VIEW accounts_tie AS
    SELECT 'membership/' || m.id AS key, m.user_id, m.organisation_id, 'member'::text AS how,
           m.since::date AS since, m.ended_at::date AS until, ''::text AS domain, m.ended_at IS NULL AS at_present
      FROM accounts_membership m
    UNION ALL
    SELECT 'affiliation/' || a.id, a.user_id, a.organisation_id, 'work', a.since, a.until, '', a.until IS NULL
      FROM accounts_affiliation a
    UNION ALL
    SELECT 'address/' || d.id || '/' || u.id, u.id, d.organisation_id, 'address', NULL, NULL, d.domain, true
      FROM accounts_user u
      JOIN accounts_maildomain d ON d.ended_at IS NULL
     WHERE u.service_of_id IS NULL
       AND (accounts_at_domain(u.email, d.domain)
            OR EXISTS (SELECT 1 FROM accounts_otheraddress o
                        WHERE o.user_id = u.id AND o.ended_at IS NULL AND accounts_at_domain(o.email, d.domain))
            OR EXISTS (SELECT 1 FROM account_emailaddress e
                        WHERE e.user_id = u.id AND accounts_at_domain(e.email, d.domain)));
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_ties"), ("account", "0009_emailaddress_unique_primary_email")]
    operations = [
        migrations.RunSQL(ADDRESS, "DROP FUNCTION accounts_at_domain(text, text)"),
        migrations.RunSQL(TIE, "DROP VIEW accounts_tie"),
    ]
