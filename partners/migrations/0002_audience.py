from django.db import migrations

# A person counts while they have a membership of the partner organisation; two memberships are one person.
AUDIENCE = """
    CREATE VIEW partners_audience AS
    WITH offered AS NOT MATERIALIZED (
        SELECT g.id, g.submission_id, g.partner_id, g.starts_at, g.agreed_at,
               greatest(g.lab_consented_at, g.concurred_at) AS since,
               least(g.ended_at, s.withdrawn_at, CASE WHEN g.agreed_at IS NOT NULL THEN g.expires_at END) AS until,
               least(g.lab_suspended_at, g.government_suspended_at, s.released_at) AS paused,
               p.stored_state = 'eligible' AS eligible, p.revet_due_at
          FROM partners_grant g
          JOIN submissions_submission s ON s.id = g.submission_id
          JOIN partners_partnerprofile p ON p.organisation_id = g.partner_id
         WHERE g.lab_consented_at IS NOT NULL AND g.concurred_at IS NOT NULL
    ),
    named AS NOT MATERIALIZED (
        SELECT o.*, u.user_id, greatest(u.since, m.since) AS named_since, least(u.ended_at, m.ended_at) AS named_until
          FROM offered o
          JOIN partners_grantuser u ON u.grant_id = o.id
          JOIN LATERAL (
               SELECT min(m.since) AS since, CASE WHEN bool_and(m.ended_at IS NOT NULL) THEN max(m.ended_at) END AS ended_at
                 FROM accounts_membership m
                WHERE m.user_id = u.user_id AND m.organisation_id = o.partner_id
          ) m ON m.since IS NOT NULL
    ),
    concerned AS NOT MATERIALIZED (
        SELECT submission_id, partner_id, id, user_id, min(since) AS since,
               CASE WHEN bool_and(until IS NOT NULL) THEN max(until) END AS until,
               bool_and(eligible) AS eligible, min(revet_due_at) AS revet_due_at
          FROM (
               SELECT o.submission_id, o.partner_id, o.id, m.user_id, greatest(o.since, m.since) AS since,
                      least(o.until, m.ended_at) AS until, o.eligible, o.revet_due_at
                 FROM offered o
                 JOIN accounts_membership m ON m.organisation_id = o.partner_id AND m.role = 'admin'
                UNION ALL
               SELECT submission_id, partner_id, id, user_id, greatest(since, named_since), least(until, named_until),
                      eligible, revet_due_at
                 FROM named
          ) people
         GROUP BY submission_id, partner_id, id, user_id
    ),
    rows AS (
        SELECT submission_id, user_id, partner_id AS organisation_id, 'offer' AS scope, NULL::uuid AS document_id,
               id AS source_id, since, until
          FROM concerned
         UNION ALL
        SELECT submission_id, user_id, partner_id, 'model', NULL, id, since, least(until, revet_due_at)
          FROM concerned WHERE eligible
         UNION ALL
        SELECT n.submission_id, n.user_id, n.partner_id, 'documents', d.document_id, n.id,
               greatest(n.starts_at, n.agreed_at, n.named_since, d.since),
               least(n.until, n.paused, n.revet_due_at, n.named_until, d.ended_at)
          FROM named n
          JOIN partners_grantdocument d ON d.grant_id = n.id
         WHERE n.eligible AND n.agreed_at IS NOT NULL
         UNION ALL
        SELECT submission_id, user_id, partner_id, 'instructions', NULL, id,
               greatest(starts_at, agreed_at, named_since), least(until, paused, revet_due_at, named_until)
          FROM named WHERE eligible AND agreed_at IS NOT NULL
    )
    SELECT submission_id, user_id, organisation_id, 'partner'::text AS capacity, scope::text AS scope, document_id, source_id,
           since, until
      FROM rows WHERE until IS NULL OR since < until;
"""


class Migration(migrations.Migration):
    """What a partner's people may see of a case, from when to when: nothing before lab consent and government concurrence."""

    dependencies = [
        ("partners", "0001_initial"),
        ("accounts", "0001_initial"),
        ("submissions", "0001_initial"),
    ]
    operations = [migrations.RunSQL(AUDIENCE, "DROP VIEW partners_audience")]
