"""What stands beside many invented cases on the workbench, by SQL: seats, assessments, questions, inquiries, grants, messages, and
two findings a case.
"""

from datetime import timedelta

from django.db import connection

from bench import data
from portal.accounts.models import Kind, Membership, Organisation, Role, User

AGENCIES, REVIEWERS, PARTNERS = 12, 120, 60
LATER = """
    CREATE TEMP TABLE cases AS
    SELECT s.id, s.lab_id, s.case_number AS number, s.stored_state AS state, s.submitted_at AS submitted, s.closes_at AS closes,
           s.stored_state = 'closed' AS over, row_number() OVER (ORDER BY s.submitted_at DESC) AS i
      FROM submissions_submission s;
    INSERT INTO reviews_assignment
           (id, submission_id, reviewer_id, agency_id, domain, role, stored_state, revision, note, proposed_by_id, proposed_at,
            attested_at, no_conflict, nondisclosure, training, expires_at, expiry_follows, reason, ended_at)
    SELECT gen_random_uuid(), c.id, m.user_id, m.organisation_id, 'cyber', CASE c.i %% 10 WHEN 3 THEN 'reviewer' ELSE 'lead' END,
           CASE WHEN over THEN 'completed' WHEN c.i %% 5 = 0 THEN 'proposed' ELSE 'active' END, 1, '', %(coordinator)s, c.submitted,
           CASE WHEN over OR c.i %% 5 <> 0 THEN c.submitted END, over OR c.i %% 5 <> 0, over OR c.i %% 5 <> 0, over OR c.i %% 5 <> 0,
           c.closes + interval '30 days', true, '', CASE WHEN over THEN c.closes END
      FROM cases c
      JOIN (SELECT user_id, organisation_id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_membership WHERE role = 'reviewer') m
        ON m.n = c.i %% %(reviewers)s
     WHERE c.state IN ('agreed', 'closed');
    INSERT INTO reviews_assessment
           (id, submission_id, assignment_id, author_id, state, revision, domain, method, access_used, hours, findings, limitations,
            confidence, classified_pointer, created_at, updated_at, check_asked_at, peer_checked_at, peer_checked_by_id, shared_at,
            shared_by_id, responded_at, response, asks_retest, finalized_at)
    SELECT gen_random_uuid(), a.submission_id, a.id, a.reviewer_id, state, 1, 'cyber', repeat('A cyber range. ', 20), 'api_reduced',
           12, repeat('It opens doors. ', 40), repeat('Short. ', 10), 'moderate', '', a.proposed_at, a.proposed_at, a.proposed_at,
           CASE WHEN state <> 'draft' THEN a.proposed_at END, CASE WHEN state <> 'draft' THEN %(coordinator)s::uuid END,
           CASE WHEN state <> 'draft' THEN a.proposed_at END, CASE WHEN state <> 'draft' THEN %(coordinator)s::uuid END,
           CASE WHEN state = 'final' THEN a.proposed_at END, '', false, CASE WHEN state = 'final' THEN a.proposed_at END
      FROM (SELECT *, CASE WHEN stored_state = 'completed' THEN 'final' WHEN row_number() OVER (ORDER BY id) %% 3 = 0 THEN 'draft'
                           ELSE 'shared' END AS state
              FROM reviews_assignment WHERE stored_state IN ('active', 'completed')) a;
    INSERT INTO submissions_informationrequest
           (id, submission_id, number, agency_id, asked_by_id, text, stored_state, revision, asked_at, due_at, answered_at)
    SELECT gen_random_uuid(), submission_id, 1, agency_id, reviewer_id, repeat('Which share is caramel? ', 5),
           CASE WHEN answered THEN 'answered' ELSE 'asked' END, 1, proposed_at, proposed_at + interval '3 days',
           CASE WHEN answered THEN proposed_at END
      FROM (SELECT *, stored_state = 'completed' OR row_number() OVER (ORDER BY id) %% 2 = 0 AS answered
              FROM reviews_assignment WHERE stored_state IN ('active', 'completed')) a;
    INSERT INTO reviews_inquiry
           (id, number, lab_id, state, revision, model_name, question, answer, created_at, created_by_id, submitted_at, answered_at,
            answered_by_id, closed_at)
    SELECT gen_random_uuid(), 'IQ-' || substr(number, 4), lab_id,
           CASE WHEN over THEN 'closed' WHEN i %% 3 = 0 THEN 'submitted' ELSE 'acknowledged' END, 1, 'Bench model ' || i,
           repeat('Is it covered? ', 10), CASE WHEN over THEN 'Yes.' ELSE '' END, submitted, %(lab)s, submitted,
           CASE WHEN over THEN closes END, CASE WHEN over THEN %(coordinator)s::uuid END, CASE WHEN over THEN closes END
      FROM cases WHERE i %% 5 = 0;
    CREATE TEMP TABLE designations AS SELECT gen_random_uuid() AS id, lab_id, i, over, submitted FROM cases WHERE i %% 10 = 0;
    INSERT INTO reviews_designation (id, lab_id, subject, outcome, basis, shared_with_lab, recorded_by_id, recorded_at)
    SELECT id, lab_id, 'Bench model ' || i, 'covered', repeat('By its range. ', 10), true, %(coordinator)s, submitted
      FROM designations;
    INSERT INTO reviews_designationconfirmation (id, designation_id, confirmed_by_id, confirmed_at)
    SELECT gen_random_uuid(), id, %(lab)s, submitted FROM designations WHERE over;
    INSERT INTO submissions_conflict (id, user_id, submission_id, note, declared_by_id, declared_at)
    SELECT gen_random_uuid(), reviewer_id, submission_id, 'Invented.', reviewer_id, proposed_at
      FROM (SELECT *, row_number() OVER (ORDER BY proposed_at DESC) AS i FROM reviews_assignment) a WHERE i %% 50 = 0;
    INSERT INTO partners_partnerprofile (organisation_id, stored_state, revision, sectors, country, operates, created_at, created_by_id,
                                         vetted_at, vetted_by_id, revet_due_at, reason_code)
    SELECT id, 'eligible', 1, '{energy}', 'US', 'Invented.', created_at, %(coordinator)s, created_at, %(coordinator)s,
           now() + interval '300 days', ''
      FROM accounts_organisation WHERE kind = 'partner';
    INSERT INTO partners_grant (id, submission_id, partner_id, stored_state, revision, proposed_by_id, proposed_at, proposed_side, purpose,
                                access_mode, starts_at, expires_at, follows_partner_release, end_side, end_verb, reason_code, ended_at)
    SELECT gen_random_uuid(), c.id, p.id, CASE WHEN over THEN 'declined' ELSE 'proposed' END, 1, %(coordinator)s, c.submitted,
           'government', 'Invented.', 'api', c.closes + interval '40 days', c.closes + interval '130 days', false,
           CASE WHEN over THEN 'lab' ELSE '' END, CASE WHEN over THEN 'decline' ELSE '' END,
           CASE WHEN over THEN 'other' ELSE '' END, CASE WHEN over THEN c.closes END
      FROM cases c JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_organisation WHERE kind = 'partner') p
        ON p.n = c.i %% %(partners)s
     WHERE c.state IN ('agreed', 'closed') AND c.i %% 3 = 0;
    INSERT INTO deadlines_message (id, recipient_id, key, kind, case_id, case_number, link, created_at, state, try_at, attempts, failure)
    SELECT gen_random_uuid(), %(coordinator)s, number || '/submit', 'submit', id, number, '/cases/' || number || '/', submitted, 'sent',
           submitted, 1, ''
      FROM cases;
    CREATE TEMP TABLE found AS
    SELECT gen_random_uuid() AS id, i, now() - i * interval '20 minutes' AS at,
           CASE WHEN i %% 100 < 6
                THEN (ARRAY['reported', 'triaged', 'validated', 'owner_notified', 'remediating', 'fixed'])[1 + i %% 100]
                ELSE (ARRAY['published', 'closed_unpublished', 'not_reproduced'])[1 + i %% 3] END AS state
      FROM generate_series(1, 2 * %(cases)s) i;
    INSERT INTO partners_finding
           (id, number, kind, reporter_id, vendor_contact, state, revision, title, text, product, version, cwe, cvss, ssvc, tlp,
            reporter_chain, exploited, embargo_until, created_at, created_by_id, reported_at, reported_by_id, owner_notified_at,
            disclosure_due_at, published_at)
    SELECT f.id, 'FD-' || lpad(f.i::text, 9, '0'),
           (ARRAY['software_vulnerability', 'model_safeguard', 'model_capability', 'incident'])[1 + i %% 4], p.id, 'psirt@bench.invalid',
           state, 1, 'Nougat overflows ' || i, repeat('Marzipan in the header overflows. ', 30), 'Nougat Gate ' || i %% 500, '3.2',
           'CWE-787', '', '', 'TLP:AMBER', repeat('By an invented desk. ', 10), i %% 50 = 0, at + interval '100 days', at,
           %(coordinator)s, at, %(coordinator)s, CASE WHEN told THEN at END, CASE WHEN told THEN at + interval '90 days' END,
           CASE WHEN state = 'published' THEN at + interval '101 days' END
      FROM (SELECT *, state IN ('owner_notified', 'remediating', 'fixed', 'published', 'closed_unpublished') AS told FROM found) f
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts_organisation WHERE kind = 'partner') p
        ON p.n = f.i %% %(partners)s;
"""


def fill(cases: int) -> dict[str, User]:
    """The cases of ``data.fill``, and beside them what agencies and partners do; people as there, and a lead and an auditor."""
    made = data.fill(cases)
    since = data.NOW - timedelta(days=2000)
    for number in range(AGENCIES):
        agency = Organisation.objects.create(
            kind=Kind.AGENCY, name=f"Bench Agency {number} (invented)", short_name=f"BA{number}"
        )
        for seat in range(REVIEWERS // AGENCIES):
            user = User.objects.create_user(
                email=f"r{number}-{seat}@bench.invalid", password=None, name=f"Bench reviewer {number}-{seat}"
            )
            Membership.objects.create(user=user, organisation=agency, role=Role.REVIEWER, since=since)
    for number in range(PARTNERS):
        Organisation.objects.create(
            kind=Kind.PARTNER, name=f"Bench Partner {number} (invented)", short_name=f"BP{number}"
        )
    values = {
        "cases": cases,
        "reviewers": REVIEWERS,
        "partners": PARTNERS,
        "coordinator": made["coordinator"].pk,
        "lab": made["lab"].pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(LATER, values)
        cursor.execute("ANALYZE")
    return made
