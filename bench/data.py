"""Many invented cases, written by set-based SQL: the benchmark measures reading them, not making them."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from portal.accounts.models import Kind, Membership, Organisation, Role, User

LABS = 20
# One case in so many goes on at once: a window is 30 days at most, and what is over stays on file for years.
ON_FILE = 20
NOW = datetime.now(UTC).replace(microsecond=0)


def people() -> dict[str, User]:
    """A lab's contributor, the programme's coordinator and an agency's reviewer, each with a second factor."""
    from allauth.mfa.models import Authenticator

    office = Organisation.objects.create(
        kind=Kind.AGENCY, name="Bench Office (invented)", short_name="BO", is_programme_office=True
    )
    labs = [
        Organisation.objects.create(kind=Kind.LAB, name=f"Bench Lab {n} (invented)", short_name=f"BL{n}")
        for n in range(LABS)
    ]
    made = {}
    for name, organisation, role in (
        ("lab", labs[0], Role.CONTRIBUTOR),
        ("coordinator", office, Role.COORDINATOR),
        ("reviewer", office, Role.REVIEWER),
    ):
        user = User.objects.create_user(email=f"{name}@bench.invalid", password=None, name=f"Bench {name}")
        Membership.objects.create(
            user=user, organisation=organisation, role=role, since=NOW - timedelta(days=2000)
        )
        Authenticator.objects.create(user=user, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
        made[name] = user
    return made


CASES = """
    CREATE TEMP TABLE made AS
    SELECT gen_random_uuid() AS id, gen_random_uuid() AS facts, gen_random_uuid() AS checkpoint, i,
           'FM-' || substr(lpad(i::text, 8, '0'), 1, 4) || '-' || substr(lpad(i::text, 8, '0'), 5) AS number,
           (SELECT array_agg(id ORDER BY name) FROM accounts_organisation WHERE kind = 'lab') AS labs,
           CASE WHEN i <= %(going_on)s THEN %(now)s::timestamptz - make_interval(mins => i * 7)
                ELSE %(now)s::timestamptz - interval '40 days' - make_interval(mins => (i - %(going_on)s) * 25) END AS submitted,
           CASE WHEN i <= %(going_on)s
                THEN (ARRAY['submitted', 'acknowledged', 'agreed', 'agreed', 'agreed', 'agreed'])[1 + i %% 6]
                ELSE 'closed' END AS state,
           %(now)s::timestamptz + make_interval(days => (i %% 40) - 10) AS closes
      FROM generate_series(1, %(cases)s) i;
    UPDATE made SET closes = submitted + interval '35 days' WHERE state = 'closed';
    ALTER TABLE made ADD lab uuid;
    UPDATE made SET lab = labs[1 + i %% %(labs)s];
    ALTER TABLE made ADD PRIMARY KEY (id);
    ANALYZE made;
    INSERT INTO submissions_checkpoint (id, lab_id, identifier) SELECT checkpoint, lab, 'sha256:' || i FROM made;
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO submissions_submission
           (id, case_number, lab_id, checkpoint_id, stored_state, revision, planned_partner_release, planned_public_release,
            created_at, created_by_id, submitted_at, acknowledged_at, agreed_at, access_provided_at, opens_at, closes_at)
    SELECT id, number, lab, checkpoint, 'draft', 5, closes, closes + interval '30 days', submitted - interval '1 day', %(user)s,
           submitted, CASE WHEN state <> 'submitted' THEN submitted END,
           CASE WHEN state IN ('agreed', 'closed') THEN least(submitted, closes - interval '31 days') END,
           CASE WHEN state IN ('agreed', 'closed') THEN least(submitted, closes - interval '31 days') END,
           CASE WHEN state IN ('agreed', 'closed') THEN closes - interval '20 days' END, closes
      FROM made;
    INSERT INTO submissions_facts (id, submission_id, number, model_name, checkpoint, access_mode, summary, capabilities,
                                   evaluations, safeguards, created_by_id, created_at)
    SELECT facts, id, 1, 'Bench model ' || i, 'sha256:' || i, 'api_reduced', repeat('An invented model. ', 20),
           repeat('Long documents. ', 20), repeat('A cyber range. ', 20), repeat('Refusals. ', 20), %(user)s, submitted
      FROM made;
    UPDATE submissions_submission s SET facts_id = m.facts, stored_state = 'submitted' FROM made m WHERE m.id = s.id;
    UPDATE submissions_submission s SET stored_state = 'acknowledged' FROM made m WHERE m.id = s.id AND m.state <> 'submitted';
    UPDATE submissions_submission s SET stored_state = 'agreed' FROM made m WHERE m.id = s.id AND m.state IN ('agreed', 'closed');
    UPDATE submissions_submission s SET stored_state = 'closed', closed_at = m.closes + interval '2 days' FROM made m
     WHERE m.id = s.id AND m.state = 'closed';
    INSERT INTO submissions_document (id, submission_id, kind, title, tlp, confidential_commercial, created_by_id, created_at)
    SELECT gen_random_uuid(), id, 'system_card', 'System card', 'TLP:AMBER+STRICT', true, %(user)s, submitted FROM made, generate_series(1, 2);
    INSERT INTO submissions_documentversion (id, document_id, number, file, name, content_type, size, sha256, uploaded_by_id, uploaded_at)
    SELECT gen_random_uuid(), d.id, 1, 'documents/none', 'card.pdf', 'application/pdf', 1000, repeat('ab', 32), %(user)s, d.created_at
      FROM submissions_document d;
    INSERT INTO deadlines_deadline (id, kind, subject_id, case_id, case_number, link, due_at, fresh_from, next_at, created_at, met_at)
    SELECT gen_random_uuid(), k, id, id, number, '', closes, submitted, closes + interval '900 days', submitted,
           CASE WHEN state = 'closed' THEN closes END
      FROM made, unnest(ARRAY['acknowledge', 'window_closes']) k;
    INSERT INTO ledger_event (id, at, kind, verb, actor_id, capacity, subject_type, subject_id, case_id, reason, data, digest)
    SELECT gen_random_uuid(), submitted, CASE WHEN n < 5 THEN 'change' ELSE 'look' END,
           (ARRAY['create_draft', 'save_draft', 'submit', 'acknowledge', 'viewed_facts', 'listed'])[n], %(user)s, 'lab',
           'submissions.submission', id, id, '', '{"revision": 1}', decode(repeat('00', 32), 'hex')
      FROM made, generate_series(1, 6) n;
    CREATE TABLE bench_row AS
    SELECT m.id, m.number, o.name AS lab, 'Bench model ' || m.i AS model, m.state, m.submitted AS submitted_at, m.closes AS closes_at
      FROM made m JOIN accounts_organisation o ON o.id = m.lab;
    ALTER TABLE bench_row ADD PRIMARY KEY (id);
    CREATE INDEX ON bench_row (submitted_at DESC, id);
"""


def fill(cases: int) -> dict[str, User]:
    """``cases`` cases of 20 labs, most of them closed and the newest in a mix of states, each with facts, documents, deadlines and
    events; and the yardstick's rows.
    """
    made = people()
    with connection.cursor() as cursor:
        values = {"cases": cases, "going_on": max(200, cases // ON_FILE), "labs": LABS}
        cursor.execute(CASES, values | {"now": NOW, "user": made["lab"].pk})
        cursor.execute("GRANT SELECT ON bench_row TO portal_app")
        cursor.execute("ANALYZE")
    return made
