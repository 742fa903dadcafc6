"""Row-level security: what a person may see of a row stands in the database too, so that a forgotten filter shows nothing.

``portal_enter`` is called by the database backend (portal/db) at the beginning of each transaction, and whenever the scope of
portal/scope.py changes in one: it keeps in settings of the transaction who asks, at what instant, and by what seats. Policies
read these settings. Where nobody entered nothing is visible, and outside an action or a named job nothing can be written.
Policies refer to other tables by functions and views that run as their owner, so that none asks another in a circle.
"""

import textwrap

from django.db import migrations

ENTER = """
    CREATE FUNCTION portal_enter(who uuid, opened text, moment timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        seats record;
        barred_labs uuid[] := '{}';
        barred_cases uuid[] := '{}';
    BEGIN
        PERFORM set_config('portal.lifted', opened, true), set_config('portal.at', moment::text, true),
                set_config('portal.person', coalesce(who::text, ''), true),
                -- What keeps its plan, here and in portal/db, keeps it whichever ids and instants are given.
                set_config('plan_cache_mode', 'force_generic_plan', true);
        IF opened = 'deadlines,ledger,partners,reviews,submissions' THEN RETURN; END IF;
        SELECT array_agg(m.organisation_id) FILTER (WHERE o.kind = 'lab') AS labs,
               array_agg(m.organisation_id) FILTER (WHERE o.kind = 'partner') AS partners,
               array_agg(m.organisation_id) FILTER (WHERE o.kind = 'partner' AND m.role = 'admin') AS partner_admin,
               array_agg(m.organisation_id) FILTER (WHERE o.kind = 'agency') AS agencies,
               array_agg(m.organisation_id) FILTER (WHERE o.kind = 'agency' AND m.role = 'coordinator') AS coordinator,
               array_agg(m.organisation_id) FILTER (WHERE o.kind = 'agency' AND m.role = 'reviewer') AS reviewer,
               array_agg(m.organisation_id) FILTER (WHERE o.kind = 'agency' AND m.role = 'security') AS security,
               array_agg(m.organisation_id) FILTER (WHERE o.kind = 'agency' AND m.role = 'liaison') AS liaison,
               bool_or(o.kind = 'agency' AND m.role = 'security' AND o.is_programme_office) AS secures_office,
               array_agg(m.role::text) FILTER (
                   WHERE o.kind = 'agency' AND (m.role IN ('designator', 'auditor')
                                                OR m.role = 'coordinator' AND o.is_programme_office)) AS wide
          INTO seats
          FROM accounts_membership m
          JOIN accounts_organisation o ON o.id = m.organisation_id
          JOIN accounts_user u ON u.id = m.user_id AND u.is_active
         WHERE m.user_id = who AND m.ended_at IS NULL;
        IF seats.agencies IS NOT NULL THEN
            SELECT array_agg(organisation_id) FILTER (WHERE organisation_id IS NOT NULL),
                   array_agg(submission_id) FILTER (WHERE submission_id IS NOT NULL)
              INTO barred_labs, barred_cases FROM submission_barrier WHERE user_id = who;
            IF barred_labs IS NOT NULL THEN
                barred_cases := barred_cases || ARRAY(SELECT id FROM submissions_submission WHERE lab_id = ANY (barred_labs));
            END IF;
        END IF;
        PERFORM set_config('portal.' || name, coalesce(ids::text, '{}'), true)
           FROM (VALUES ('labs', seats.labs), ('partners', seats.partners), ('partner_admin', seats.partner_admin),
                        ('agencies', seats.agencies), ('coordinator', seats.coordinator), ('reviewer', seats.reviewer),
                        ('security', seats.security), ('liaison', seats.liaison),
                        ('barred_labs', barred_labs), ('barred_cases', barred_cases)) AS given(name, ids);
        PERFORM set_config('portal.' || name, coalesce(given.so, false)::text, true)
           FROM (VALUES ('wide', seats.wide && '{coordinator,designator,auditor}'),
                        ('wide_documents', seats.wide && '{coordinator,designator}'),
                        ('oversees', seats.wide && '{coordinator,auditor}'),
                        ('coordinates', 'coordinator' = ANY (seats.wide)),
                        ('audits', 'auditor' = ANY (seats.wide)),
                        ('secures_office', seats.secures_office),
                        ('keeps_accounts', (SELECT is_superuser FROM accounts_user WHERE id = who AND is_active)),
                        ('free', coalesce(cardinality(barred_labs), 0) + coalesce(cardinality(barred_cases), 0) = 0)
                ) AS given(name, so);
    END $$;
"""

# What the settings say, for functions.
SETTINGS = """
    CREATE FUNCTION portal_person() RETURNS uuid LANGUAGE sql STABLE AS
        $$ SELECT nullif(current_setting('portal.person', true), '')::uuid $$;
    CREATE FUNCTION portal_at() RETURNS timestamptz LANGUAGE sql STABLE AS
        $$ SELECT nullif(current_setting('portal.at', true), '')::timestamptz $$;
    -- Whether the present action or job sees everything of a room.
    CREATE FUNCTION portal_lifted(room text) RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT coalesce(strpos(current_setting('portal.lifted', true), room) > 0, false) $$;
    -- The person's organisations by kind or role, or what a conflict bars them from.
    CREATE FUNCTION portal_own(name text) RETURNS uuid[] LANGUAGE sql STABLE AS
        $$ SELECT coalesce(nullif(current_setting('portal.' || name, true), '')::uuid[], '{}') $$;
    -- Whether the person is one of those who see every case ('wide', 'wide_documents', 'oversees', 'coordinates', 'audits'), is a
    -- security officer of the programme office, looks after accounts as superusers do and nothing else, or has no conflict ('free').
    CREATE FUNCTION portal_is(name text) RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT coalesce(current_setting('portal.' || name, true) = 'true', false) $$;
"""

# Sets of ids, each of the person who entered alone, whoever asks.
SETS = """
    -- The person's rows of the audience, but for what roles alone decide: agency-wide ones, and those in labs.
    CREATE VIEW portal_mine AS
    SELECT a.submission_id, a.scope, a.capacity, a.document_id, a.source_id, a.organisation_id
      FROM submission_audience a
     -- Whoever has seats in labs alone has no rows here: said so that they are not looked for.
     WHERE (portal_own('labs') = '{}' OR portal_own('agencies') <> '{}' OR portal_own('partners') <> '{}')
       AND a.user_id = portal_person() AND a.capacity <> ALL ('{coordinator,designator,auditor,lab,lab_viewer}')
       AND a.since <= portal_at() AND (a.until IS NULL OR a.until > portal_at());

    CREATE FUNCTION portal_cases(VARIADIC scopes text[]) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT m.submission_id FROM portal_mine m WHERE m.scope = ANY (scopes);
    END $$;
    CREATE FUNCTION portal_cases_as(wanted text, VARIADIC capacities text[]) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT m.submission_id FROM portal_mine m WHERE m.scope = wanted AND m.capacity = ANY (capacities);
    END $$;
    -- The grants, assignments ... that open a scope to them.
    CREATE FUNCTION portal_sources(VARIADIC scopes text[]) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT m.source_id FROM portal_mine m WHERE m.scope = ANY (scopes);
    END $$;
    -- The cases to which they stand on the lab's or the government's side.
    CREATE FUNCTION portal_cases_of_sides() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT m.submission_id FROM portal_mine m WHERE m.capacity <> 'partner';
    END $$;
    -- Cases of which all documents are open, and the documents that are open by themselves.
    CREATE FUNCTION portal_cases_whole() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT m.submission_id FROM portal_mine m WHERE m.scope = 'documents' AND m.document_id IS NULL;
    END $$;
    CREATE FUNCTION portal_documents() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT m.document_id FROM portal_mine m WHERE m.scope = 'documents' AND m.document_id IS NOT NULL;
    END $$;
    -- The cases that the person sees for an agency-wide role: neither drafts nor what a conflict bars them from.
    CREATE VIEW portal_widely WITH (security_barrier) AS
    SELECT s.id, s.withdrawn_at, s.released_at
      FROM submissions_submission s
     WHERE current_setting('portal.wide', true) = 'true' AND s.submitted_at IS NOT NULL
       AND (current_setting('portal.free', true) = 'true' OR s.id <> ALL ((SELECT portal_own('barred_cases'))::uuid[]));
    -- The cases of the person's labs.
    CREATE VIEW portal_own_cases WITH (security_barrier) AS
    SELECT s.id FROM submissions_submission s WHERE s.lab_id = ANY (nullif(current_setting('portal.labs', true), '')::uuid[]);
    -- Whether a case is of the person's labs: its people see every scope of it but those of partners, as the audience says.
    CREATE FUNCTION portal_of_own_lab(submission uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN EXISTS (SELECT FROM submissions_submission s WHERE s.id = submission AND s.lab_id = ANY (portal_own('labs')));
    END $$;
    -- Whether the person sees a scope of a case by a role that decides alone: an agency-wide one, or in its lab.
    CREATE FUNCTION portal_sees_by_role(submission uuid, asked text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN portal_is(CASE asked WHEN 'documents' THEN 'wide_documents' ELSE 'wide' END)
               AND EXISTS (SELECT FROM portal_widely s
                            WHERE s.id = submission
                              AND (asked = 'record' OR s.withdrawn_at IS NULL OR s.withdrawn_at > portal_at())
                              AND (asked <> 'documents' OR s.released_at IS NULL OR s.released_at > portal_at()))
            OR portal_of_own_lab(submission);
    END $$;
    -- The same of one case as a policy's ``case`` says of rows about cases.
    CREATE FUNCTION portal_sees(submission uuid, asked text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN portal_sees_by_role(submission, asked)
            OR EXISTS (SELECT FROM portal_mine m WHERE m.submission_id = submission AND m.scope = asked);
    END $$;
    -- Whether a document is named by something else that the person reads: what an author had read, an answer's files, what
    -- results were read from, what a disclosure is about. Its title stays there when the document itself is out of their sight.
    CREATE FUNCTION portal_names(named uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        concerned uuid;
        versions uuid[];
    BEGIN
        SELECT submission_id INTO concerned FROM submissions_document WHERE id = named;
        versions := ARRAY(SELECT id FROM submissions_documentversion WHERE document_id = named);
        RETURN EXISTS (SELECT FROM submissions_disclosurenotice n
                         JOIN submissions_disclosurenotice_documents d ON d.disclosurenotice_id = n.id
                        WHERE d.document_id = named AND portal_reads_notice(n.id))
            OR (EXISTS (SELECT FROM reviews_assessment_versions_read r WHERE r.documentversion_id = ANY (versions))
                OR EXISTS (SELECT FROM reviews_retest_versions_read r WHERE r.documentversion_id = ANY (versions)))
               AND portal_sees(concerned, 'assessments')
            OR (EXISTS (SELECT FROM submissions_requestanswer_files f WHERE f.documentversion_id = ANY (versions))
                OR EXISTS (SELECT FROM submissions_evaluation e WHERE e.source_version_id = ANY (versions)))
               AND portal_sees(concerned, 'facts');
    END $$;
    CREATE FUNCTION portal_reads_notice(notice uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN EXISTS (
            SELECT FROM submissions_disclosurenotice n JOIN submissions_submission s ON s.id = n.submission_id
             WHERE n.id = notice
               AND (s.lab_id = ANY (portal_own('labs'))
                    OR n.agency_id = ANY (portal_own('coordinator')) AND s.id <> ALL (portal_own('barred_cases'))
                    OR portal_is('oversees') AND portal_sees(s.id, 'record')));
    END $$;
    -- Cases of which the person has something without seeing the case: its number, state and dates stand beside it.
    CREATE FUNCTION portal_related() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    DECLARE
        barred uuid[] := portal_own('barred_cases');
    BEGIN
        RETURN QUERY SELECT m.submission_id FROM portal_mine m;
        IF portal_own('agencies') <> '{}' THEN
            RETURN QUERY SELECT a.submission_id FROM reviews_assignment a
                WHERE a.reviewer_id = portal_person() AND a.agency_id = ANY (portal_own('reviewer')) AND a.submission_id <> ALL (barred);
            RETURN QUERY SELECT o.submission_id FROM submissions_obligation o
                WHERE o.agency_id = ANY (portal_own('coordinator') || portal_own('reviewer') || portal_own('security'))
                  AND o.submission_id <> ALL (barred);
            RETURN QUERY SELECT n.submission_id FROM submissions_disclosurenotice n
                WHERE n.agency_id = ANY (portal_own('coordinator')) AND n.submission_id <> ALL (barred);
            RETURN QUERY SELECT s.submission_id FROM submissions_spill s
                WHERE (s.organisation_id = ANY (portal_own('coordinator')) OR s.id IN (SELECT portal_spills_told()))
                  AND s.submission_id <> ALL (barred);
            RETURN QUERY SELECT b.submission_id FROM submissions_breakglass b
                WHERE (b.agency_id = ANY (portal_own('security')) OR portal_is('secures_office')) AND b.submission_id <> ALL (barred);
            RETURN QUERY SELECT r.submission_id FROM submissions_unusualreading r
                WHERE (r.organisation_id = ANY (portal_own('security')) OR portal_is('secures_office'))
                  AND r.submission_id <> ALL (barred) AND r.person_id <> portal_person();
        END IF;
        IF portal_own('partners') <> '{}' THEN
            RETURN QUERY SELECT g.submission_id FROM partners_grant g WHERE g.id IN (SELECT portal_grants_past());
        END IF;
        RETURN QUERY SELECT f.submission_id FROM partners_finding f
            WHERE f.submission_id IS NOT NULL AND f.submission_id <> ALL (barred)
              AND (f.reporter_id = ANY (portal_own('labs') || portal_own('partners'))
                   OR f.id IN (SELECT portal_findings_told())
                   OR f.reporter_id = ANY (portal_own('coordinator') || portal_own('reviewer') || portal_own('liaison'))
                   OR portal_own('liaison') <> '{}' AND f.reported_at <= portal_at());
    END $$;
    CREATE FUNCTION portal_spills_told() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT spill_id FROM submissions_spill_agencies WHERE organisation_id = ANY (portal_own('security'));
    END $$;
    -- How a case's documents are marked, each way once, whoever may read them: what tells of them is marked at least as strictly.
    CREATE FUNCTION portal_markings(concerned uuid) RETURNS jsonb[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT coalesce(array_agg(DISTINCT jsonb_build_object('tlp', tlp, 'cui', cui,
                                                              'confidential_commercial', confidential_commercial)), '{}')
          FROM submissions_document WHERE submission_id = concerned AND removed_at IS NULL
    $$;
    -- When the earliest legal hold was placed that stands over a case; why and by whom is not said.
    CREATE FUNCTION portal_kept_since(concerned uuid, owner uuid) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT min(placed_at) FROM submissions_legalhold
         WHERE lifted_at IS NULL AND (submission_id = concerned OR lab_id = owner)
    $$;

    -- Whether a conflict keeps the person from what a message or a date is about: a number that was told once is not repeated.
    -- Asked here, since the filters look for the very rows that are hidden. What a lab's people were told of their own stays.
    CREATE FUNCTION portal_keeps_from(about uuid, named text, leads_to text, told_as text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        labs uuid[] := ARRAY(SELECT unnest(portal_own('barred_labs')) EXCEPT SELECT unnest(portal_own('labs')));
        cases uuid[] := portal_own('barred_cases');
        event text := split_part(told_as, '/', 1);
    BEGIN
        IF labs = '{}' AND cases = '{}' THEN RETURN false; END IF;
        IF about IS NOT NULL THEN RETURN about = ANY (cases) AND NOT portal_of_own_lab(about); END IF;
        RETURN EXISTS (SELECT FROM reviews_inquiry i WHERE i.number = named AND i.lab_id = ANY (labs))
            OR leads_to LIKE '/admin/%' AND EXISTS (SELECT FROM partners_finding f WHERE f.number = named AND portal_keeps_finding(f.id))
            OR event ~ '^[0-9a-f]{8}-[0-9a-f-]{27}$'
               AND EXISTS (SELECT FROM ledger_event e JOIN reviews_designation d ON d.id = e.subject_id
                            WHERE e.id = event::uuid AND e.subject_type = 'reviews.designation' AND d.lab_id = ANY (labs));
    END $$;
    CREATE FUNCTION portal_keeps_finding(subject uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        labs uuid[] := portal_own('barred_labs');
        cases uuid[] := portal_own('barred_cases');
    BEGIN
        IF labs = '{}' AND cases = '{}' THEN RETURN false; END IF;
        RETURN EXISTS (SELECT FROM partners_finding f
                        WHERE f.id = subject
                          AND (f.owner_id = ANY (labs) OR f.reporter_id = ANY (labs) OR f.submission_id = ANY (cases)));
    END $$;
    -- The same of what they did themselves, but for the finding of a lab or partner for which they wrote it.
    CREATE FUNCTION portal_keeps_from_actor(subject uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN portal_keeps_finding(subject)
           AND NOT EXISTS (SELECT FROM partners_finding f
                            WHERE f.id = subject AND f.reporter_id = ANY (portal_own('labs') || portal_own('partners')));
    END $$;

    -- The cases on which the person sits as a reviewer and has no assessment in: others' drafts wait there.
    CREATE FUNCTION portal_unwritten() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY
        SELECT m.submission_id FROM portal_mine m
         WHERE m.scope = 'assessments' AND m.capacity IN ('lead', 'reviewer')
           AND NOT EXISTS (SELECT FROM reviews_assessment a
                            WHERE a.submission_id = m.submission_id AND a.author_id = portal_person()
                              AND (a.state <> 'draft' OR a.check_asked_at <= portal_at()))
           AND NOT EXISTS (SELECT FROM reviews_assignment a
                            WHERE a.submission_id = m.submission_id AND a.reviewer_id = portal_person()
                              AND a.writes_none_at <= portal_at() AND a.stored_state = 'active'
                              AND a.expires_at > portal_at());
    END $$;
    CREATE FUNCTION portal_seats_of(agencies uuid[]) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT id FROM reviews_assignment WHERE agency_id = ANY (agencies);
    END $$;
    -- Whether a seat stands beside an assessment of a case whose assessments the person reads: its agency is named there.
    CREATE FUNCTION portal_assessed(seat uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN EXISTS (SELECT FROM reviews_assessment a
                        WHERE a.assignment_id = seat AND portal_sees(a.submission_id, 'assessments'));
    END $$;
    CREATE FUNCTION portal_confirmed(designation uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN EXISTS (SELECT FROM reviews_designationconfirmation c
                        WHERE c.designation_id = designation AND c.confirmed_at <= portal_at());
    END $$;
    -- Whether a run of matching names a case or a lab that is hidden from who oversees the others.
    CREATE FUNCTION portal_hides_run(matching uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN EXISTS (
            SELECT FROM reviews_matchingneed n JOIN submissions_submission s ON s.id = n.submission_id
             WHERE n.run_id = matching
               AND (s.submitted_at IS NULL OR s.id = ANY (portal_own('barred_cases'))
                    OR s.lab_id = ANY (portal_own('barred_labs') || portal_own('labs'))
                    OR s.lab_id IN (SELECT lab_id FROM submissions_submission WHERE id = ANY (portal_own('barred_cases')))));
    END $$;

    -- A partner's grants that were offered and have ended, for its administrators and the persons once named.
    CREATE FUNCTION portal_grants_past() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY
        SELECT g.id FROM partners_grant g
         WHERE g.partner_id = ANY (portal_own('partners'))
           AND (g.partner_id = ANY (portal_own('partner_admin'))
                OR EXISTS (SELECT FROM partners_grantuser u
                            WHERE u.grant_id = g.id AND u.user_id = portal_person() AND u.ended_at IS NULL))
           AND g.lab_consented_at IS NOT NULL AND g.concurred_at IS NOT NULL
           AND (g.stored_state NOT IN ('proposed', 'agreed')
                OR g.stored_state = 'agreed' AND g.expires_at <= portal_at());
    END $$;
    -- Whether the person sees what an event is about, as its own policy says: asked in their name, not as the tables' owner.
    CREATE FUNCTION portal_shows(kind text, subject uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN CASE kind
            WHEN 'reviews.inquiry' THEN EXISTS (SELECT FROM reviews_inquiry WHERE id = subject AND lab_id = ANY (portal_own('labs')))
            WHEN 'submissions.breakglass' THEN EXISTS (SELECT FROM submissions_breakglass WHERE id = subject)
            WHEN 'submissions.unusualreading' THEN EXISTS (SELECT FROM submissions_unusualreading WHERE id = subject)
        END;
    END $$;
    -- Partners to which a case of the person's labs was offered.
    CREATE FUNCTION portal_granted_partners() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT g.partner_id FROM partners_grant g JOIN submissions_submission s ON s.id = g.submission_id
                      WHERE s.lab_id = ANY (portal_own('labs'));
    END $$;
    -- The findings that partners of the person were told of, while they are eligible and reach the model it is about.
    CREATE FUNCTION portal_findings_told() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
    BEGIN
        RETURN QUERY
        SELECT a.finding_id FROM partners_findingaddressee a
          JOIN partners_finding f ON f.id = a.finding_id
          JOIN partners_partnerprofile p ON p.organisation_id = a.partner_id
         WHERE a.partner_id = ANY (portal_own('partners')) AND a.addressed_at <= portal_at()
           AND p.stored_state = 'eligible' AND p.revet_due_at > portal_at()
           AND (f.submission_id IS NULL
                OR EXISTS (SELECT FROM portal_mine m
                            WHERE m.scope = 'instructions' AND m.capacity = 'partner'
                              AND m.submission_id = f.submission_id AND m.organisation_id = a.partner_id));
    END $$;
"""
# The application reads the views of who sees what, and of who may not, as far as the present scope goes.
SHOWN = """
    CREATE VIEW audience_shown AS
    SELECT a.* FROM submission_audience a
     WHERE portal_lifted('submissions') OR a.user_id = portal_person()
        OR portal_own('labs') <> '{}' AND portal_of_own_lab(a.submission_id) OR portal_is('oversees');
    CREATE VIEW barrier_shown AS
    SELECT b.* FROM submission_barrier b
     WHERE portal_lifted('submissions') OR b.user_id = portal_person()
        OR portal_is('oversees') OR portal_own('coordinator') <> '{}';
    -- How much content is left of each case, for who oversees what is kept: neither a name nor a title.
    CREATE VIEW content_shown AS
    SELECT v.id, d.submission_id, v.size, v.disposed_at, v.file_removed_at
      FROM submissions_documentversion v JOIN submissions_document d ON d.id = v.document_id
     WHERE portal_lifted('submissions')
        OR portal_is('oversees') AND (portal_is('free') OR d.submission_id <> ALL ((SELECT portal_own('barred_cases'))::uuid[]));
    -- Asked with the account, before anybody is known.
    CREATE FUNCTION portal_is_barred(who uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
        $$ SELECT EXISTS (SELECT FROM submission_barrier WHERE user_id = who) $$;
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN
            REVOKE ALL ON submission_audience, submissions_audience, reviews_audience, partners_audience, submission_barrier
              FROM portal_app;
        END IF;
    END $$;
"""
NO_SHOWN = """
    DROP FUNCTION portal_is_barred(uuid); DROP VIEW content_shown; DROP VIEW barrier_shown; DROP VIEW audience_shown;
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN
            GRANT SELECT ON submission_audience, submissions_audience, reviews_audience, partners_audience, submission_barrier
               TO portal_app;
        END IF;
    END $$;
"""

# A search in words walks its index before row-level security is asked: what compares words is not marked leakproof, so that
# in the statement itself every row would be read first. Ids alone come back, of which the statement shows what may be seen.
SEARCHES = """
    DO $$
    DECLARE it record;
    BEGIN
        FOR it IN
            SELECT c.relname AS indexed, pg_get_expr(i.indexprs, i.indrelid) AS words
              FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
             WHERE x.relname LIKE '%\\_words' AND c.relnamespace = 'public'::regnamespace
        LOOP
            EXECUTE format('CREATE FUNCTION portal_found_%s(asked tsquery) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
                            ROWS 100 SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS %L',
                           it.indexed, format('SELECT id FROM %I WHERE %s @@ asked', it.indexed, it.words));
        END LOOP;
    END $$;
"""
NO_SEARCHES = """
    DO $$
    DECLARE it regprocedure;
    BEGIN
        FOR it IN SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'portal\\_found\\_%' LOOP
            EXECUTE format('DROP FUNCTION %s', it);
        END LOOP;
    END $$;
"""


# Policies stand in the plan of each statement that names their table, often several times, and planning costs more than most
# statements take. So they read the settings themselves, which is little a row, where functions would have to be looked up and
# put in place, and subqueries to be planned; and what looks for a row is a value, which is planned once, not ``EXISTS``, which is
# planned for one row and for all of them.
def setting(name: str, kind: str) -> str:
    return f"nullif(current_setting('portal.{name}', true), '')::{kind}"


def is_(name: str) -> str:
    return f"(current_setting('portal.{name}', true) = 'true')"


def lifted(name: str) -> str:
    return f"(strpos(current_setting('portal.lifted', true), '{name}') > 0)"


def own(*names: str) -> str:
    """The ids kept under these names, few of them."""
    return "(" + " || ".join(setting(name, "uuid[]") for name in names) + ")"


def free_of(column: str, kept: str) -> str:
    """That a conflict does not bar the person from a row's case or lab. Nearly nobody has one; who has may have one with many."""
    return f"({FREE} OR {column} <> ALL ((SELECT portal_own('{kept}'))::uuid[]))"


def there_is(rows: str) -> str:
    return f"(SELECT true FROM {rows} LIMIT 1)"  # noqa: S608 (constants of this file)


PERSON = setting("person", "uuid")
AT = setting("at", "timestamptz")
OVERSEES = is_("oversees")
WIDE = is_("wide")
FREE = is_("free")
COORDINATES, AUDITS = is_("coordinates"), is_("audits")
KEEPS_ACCOUNTS, SECURES_OFFICE = is_("keeps_accounts"), is_("secures_office")
# As text: a list that PostgreSQL casts by itself is written otherwise after a restore, which compares policies by their text.
LAB_READS = "('shared', 'lab_responded', 'final')"
READS_INQUIRIES = f"({WIDE} OR {own('reviewer')} <> '{{}}')"
# What agency-wide roles see of a scope: nothing that a withdrawal or a release ended.
NOT_WITHDRAWN = f"(s.withdrawn_at IS NULL OR s.withdrawn_at > {AT})"
NOT_RELEASED = f"(s.released_at IS NULL OR s.released_at > {AT})"
ENDS = {"record": [], "documents": [NOT_WITHDRAWN, NOT_RELEASED]}


def widely(scope: str, column: str = "submission_id") -> str:
    """That the person sees this scope of every case, and that a row's case is not one of the exceptions."""
    asked = [f"s.id = {column}", *ENDS.get(scope, [NOT_WITHDRAWN])]
    name = "wide_documents" if scope == "documents" else "wide"
    return f"{is_(name)} AND {there_is('portal_widely s WHERE ' + ' AND '.join(asked))}"


def of_own_lab(column: str, *, listed: bool = False) -> str:
    """``listed`` is for tables of which a lab's people read hundreds of rows: it takes longer to plan and less a row."""
    asked = (
        there_is(f"portal_own_cases s WHERE s.id = {column}") if listed else f"portal_of_own_lab({column})"
    )
    return f"({own('labs')} <> '{{}}' AND {asked})"


def case(scope: str, column: str = "submission_id", *, listed: bool = False) -> str:
    """Rows about a case of which the person sees a scope.

    ``listed`` is for tables that agency-wide roles list by the thousand: it takes longer to plan and less a row.
    """
    if listed:
        by_role = f"WHEN {widely(scope, column)} THEN true WHEN {of_own_lab(column)} THEN true"
    else:
        by_role = (
            f"WHEN ({WIDE} OR {own('labs')} <> '{{}}') AND portal_sees_by_role({column}, '{scope}') THEN true"
        )
    return f"CASE {by_role} ELSE {column} IN (SELECT portal_cases('{scope}')) END"


def within(table: str, column: str, more: str = "") -> str:
    """Rows that belong to a row of another table, which the person sees."""
    return there_is(f"{table} parent WHERE parent.id = {column}{' AND ' + more if more else ''}")


# What is told about accounts, which whoever looks after them finds in the outbox.
ACCOUNTS = """('account_made', 'invited', 'membership_added', 'membership_ended', 'password_asked', 'sign_in_changed',
        'calendar_made', 'service_changed', 'security_needed', 'second_factor_reset', 'service_expires', 'digest')"""
UNBARRED = free_of("submission_id", "barred_cases")
OF_OWN_LAB = of_own_lab("submission_id")
OF_ANOTHER_LAB = f"NOT {OF_OWN_LAB}"
REPORTER_READ = (
    f"parent.reporter_id = ANY ({own('labs', 'partners', 'agencies')}) OR "
    f"({WIDE} OR {own('liaison')} <> '{{}}') AND (parent.owner_id IS NULL OR parent.owner_id <> ALL ({own('labs')}))"
)

# Table -> who sees a row of it. "lifted" stands for nobody but actions and the jobs that name its room.
POLICIES = {
    # What a case went through is read by who sees that there is one; who looked, by its lab and by overseers.
    "ledger_event": f"""
        CASE WHEN case_id IS NULL
             THEN {OVERSEES} AND subject_type NOT LIKE 'accounts.%' AND ({FREE} OR NOT portal_keeps_finding(subject_id))
                  OR actor_id = {PERSON} AND ({FREE} OR NOT portal_keeps_from_actor(subject_id))
                  OR kind = 'look' AND subject_type = 'reviews.inquiry' AND {own("labs")} <> '{{}}' AND portal_shows(subject_type, subject_id)
             ELSE ({OVERSEES} OR kind = 'change' AND subject_type = 'submissions.submission') AND {case("record", "case_id", listed=True)}
                  OR (kind = 'look' OR subject_type::text IN ('submissions.submission', 'partners.grant'))
                     AND {of_own_lab("case_id", listed=True)}
                  OR actor_id = {PERSON} AND (case_id IN (SELECT portal_related()) OR {case("record", "case_id")})
                  OR kind = 'change' AND subject_type::text IN ('submissions.breakglass', 'submissions.unusualreading')
                     AND portal_shows(subject_type, subject_id)
        END""",  # noqa: S608 (constants of this file)
    "ledger_leaf": "false",
    "deadlines_deadline": f"""
        person_id = {PERSON} AND ({FREE} OR NOT portal_keeps_from(case_id, case_number, link, ''))
        OR organisation_id = ANY ({own("labs", "partners", "agencies")})
        OR person_id IS NULL AND organisation_id IS NULL
           AND CASE WHEN source_id IS NULL
                    THEN {of_own_lab("case_id")} OR case_id IN (SELECT portal_cases_of_sides())
                    ELSE source_id IN (SELECT portal_sources('record', 'facts', 'documents', 'instructions', 'assessments', 'offer', 'model'))
               END""",
    "deadlines_message": f"""
        recipient_id = {PERSON} AND ({FREE} OR NOT portal_keeps_from(case_id, case_number, link, key))
        OR {OVERSEES} AND CASE WHEN case_id IS NULL THEN {FREE} OR NOT portal_keeps_from(NULL, case_number, link, key) ELSE {case("record", "case_id", listed=True)} END
        OR {KEEPS_ACCOUNTS} AND case_id IS NULL AND kind::text IN {ACCOUNTS}""",
    "deadlines_noticepreference": f"person_id = {PERSON}",
    "deadlines_quiethours": f"person_id = {PERSON}",
    "deadlines_absence": f"person_id = {PERSON}",
    "deadlines_bounce": f"person_id = {PERSON} OR {COORDINATES} OR {KEEPS_ACCOUNTS}",
    "deadlines_calendarfeed": f"person_id = {PERSON}",
    "submissions_checkpoint": f"""
        lab_id = ANY ({own("labs")})
        OR (SELECT true FROM submissions_submission s WHERE s.checkpoint_id = submissions_checkpoint.id LIMIT 1)""",  # noqa: S608 (constants of this file)
    "submissions_submission": f"""
        lab_id = ANY ({own("labs")})
        OR id IN (SELECT portal_related())""",
    "submissions_facts": f"{case('facts')} OR submission_id IN (SELECT portal_cases('model'))",
    "submissions_terms": case("facts"),
    "submissions_accessinstructions": f"{OF_OWN_LAB} OR submission_id IN (SELECT portal_cases_as('instructions', 'lead', 'reviewer'))",
    "submissions_document": f"""
        CASE WHEN {widely("documents")} THEN true WHEN {OF_OWN_LAB} THEN true
             ELSE submission_id IN (SELECT portal_cases_whole()) OR id IN (SELECT portal_documents()) OR portal_names(id) END""",
    "submissions_documentversion": within("submissions_document", "document_id"),
    "submissions_conflict": f"user_id = {PERSON} OR {OVERSEES}",
    "submissions_conflictstatement": f"person_id = {PERSON}",
    "submissions_alias": f"user_id = {PERSON} OR {case('record')}",
    "submissions_contact": case("facts"),
    "submissions_disclosurenotice": "portal_reads_notice(id)",
    "submissions_disclosurenotice_documents": "portal_reads_notice(disclosurenotice_id)",
    "submissions_disclosurestatement": "portal_reads_notice(notice_id)",
    "submissions_evaluation": case("facts"),
    "submissions_obligation": f"""
        {OF_OWN_LAB} OR agency_id = ANY ({own("coordinator", "reviewer", "security")}) AND {UNBARRED}""",
    "submissions_informationrequest": case("facts", listed=True),
    "submissions_requestanswer": within("submissions_informationrequest", "request_id"),
    "submissions_requestanswer_files": within("submissions_requestanswer", "requestanswer_id"),
    "submissions_requestfollowup": within("submissions_informationrequest", "request_id"),
    "submissions_legalhold": f"""
        {OVERSEES} AND CASE WHEN submission_id IS NULL THEN {free_of("lab_id", "barred_labs")}
                            ELSE {case("record")} END""",
    "submissions_recordsrequest": f"{OVERSEES} OR agency_id = ANY ({own('coordinator')})",
    "submissions_requestnotice": f"{within('submissions_recordsrequest', 'request_id')} AND portal_reads_notice(notice_id)",
    "submissions_spill": f"""
        CASE WHEN submission_id IS NULL THEN true ELSE {UNBARRED} END
        AND (organisation_id = ANY ({own("coordinator")}) OR id IN (SELECT portal_spills_told())
             OR {AUDITS})
        OR lab_id = ANY ({own("labs")}) OR reported_by_id = {PERSON}""",
    "submissions_spill_agencies": within("submissions_spill", "spill_id"),
    "submissions_breakglass": f"""
        {UNBARRED} AND ({OVERSEES} OR {SECURES_OFFICE} OR agency_id = ANY ({own("security")}))
        OR opened_at IS NOT NULL AND {OF_OWN_LAB}""",
    "submissions_readingtally": "false",
    "submissions_readingday": "false",
    # Never of oneself.
    "submissions_unusualreading": f"""
        person_id <> {PERSON}
        AND ({UNBARRED} AND ({OVERSEES} OR {SECURES_OFFICE} OR organisation_id = ANY ({own("security")}))
             OR {OF_OWN_LAB} OR submission_id IN (SELECT portal_cases_as('record', 'lead')))""",
    "submissions_upload": f"person_id = {PERSON}",
    "reviews_caseagency": f"""
        {case("record")} AND ({WIDE} OR agency_id = ANY ({own("coordinator")}) OR {OF_OWN_LAB})""",
    "reviews_assignment": f"""
        reviewer_id = {PERSON} AND agency_id = ANY ({own("reviewer")}) AND {UNBARRED}
        OR agency_id = ANY ({own("coordinator")}) AND submission_id IN (SELECT portal_cases_as('record', 'agency_coordinator'))
        OR portal_assessed(id)""",
    "reviews_assessment": f"""
        {OF_OWN_LAB} AND state::text IN {LAB_READS}
        OR CASE WHEN {widely("assessments")}
                THEN {OF_ANOTHER_LAB}
                ELSE submission_id IN (SELECT portal_cases_as('assessments', 'lead', 'reviewer'))
                     AND (author_id = {PERSON} OR state <> 'draft' OR check_asked_at <= {AT})
                     OR submission_id IN (SELECT portal_cases_as('assessments', 'agency_coordinator'))
                        AND (state::text IN {LAB_READS} OR assignment_id IN (SELECT portal_seats_of({own("coordinator")})))
                     OR submission_id IN (SELECT portal_cases_as('assessments', 'break_glass')) AND state::text IN {LAB_READS} END
           AND (author_id = {PERSON} OR state::text IN {LAB_READS} OR {own("reviewer")} = '{{}}'
                OR submission_id NOT IN (SELECT portal_unwritten()))""",
    "reviews_assessmentanswer": within("reviews_assessment", "assessment_id"),
    "reviews_assessment_versions_read": within("reviews_assessment", "assessment_id"),
    "reviews_agencylog": within("reviews_assessment", "assessment_id"),
    "reviews_agencyscore": within("reviews_agencylog", "log_id"),
    "reviews_retest": within("reviews_assessment", "assessment_id"),
    "reviews_retestanswer": within("reviews_retest", "retest_id"),
    "reviews_retest_versions_read": within("reviews_retest", "retest_id"),
    "reviews_inquiry": f"""
        lab_id = ANY ({own("labs")})
        OR {READS_INQUIRIES} AND submitted_at <= {AT} AND {free_of("lab_id", "barred_labs")}
           AND ({WIDE} OR state <> 'withdrawn')""",
    "reviews_designation": f"""
        lab_id = ANY ({own("labs")}) AND shared_with_lab AND portal_confirmed(id)
        OR {READS_INQUIRIES} AND recorded_at <= {AT} AND {free_of("lab_id", "barred_labs")}""",
    "reviews_designationconfirmation": within("reviews_designation", "designation_id"),
    "reviews_designationconsultation": within("reviews_designation", "designation_id"),
    "reviews_reviewerprofile": f"""
        {OVERSEES} OR (SELECT true FROM accounts_membership m
                               WHERE m.id = membership_id
                                 AND (m.user_id = {PERSON} OR m.organisation_id = ANY ({own("coordinator")})) LIMIT 1)""",  # noqa: S608 (constants of this file)
    "reviews_matchingrun": f"{OVERSEES} AND NOT portal_hides_run(id)",
    "reviews_matchingneed": within("reviews_matchingrun", "run_id"),
    "reviews_matchingpair": within("reviews_matchingrun", "run_id"),
    "reviews_matchingoutcome": within("reviews_matchingpair", "pair_id"),
    "partners_partnerprofile": f"""
        {OVERSEES} OR organisation_id = ANY ({own("partners")})
        OR {own("labs")} <> '{{}}'
           AND (stored_state = 'eligible' AND revet_due_at > {AT} OR organisation_id IN (SELECT portal_granted_partners()))""",
    "partners_partnerapplication": f"{OVERSEES} OR organisation_id = ANY ({own('partners')})",
    "partners_partnerevidence": f"{OVERSEES} OR organisation_id = ANY ({own('partners')})",
    "partners_vetting": f"{OVERSEES} OR organisation_id = ANY ({own('partners')})",
    "partners_vettinganswer": within("partners_vetting", "vetting_id"),
    "partners_partnernomination": f"""
        nominated_for_id = ANY ({own("labs", "coordinator")})
        OR {OVERSEES} AND {free_of("nominated_for_id", "barred_labs")}""",
    "partners_grant": f"""
        {OF_OWN_LAB}
        OR submission_id IN (SELECT portal_cases_as('record', 'lead', 'reviewer'))
        OR partner_id = ANY ({own("partners")})
           AND (id IN (SELECT portal_sources('offer')) OR id IN (SELECT portal_grants_past()))""",
    "partners_grantdocument": within("partners_grant", "grant_id"),
    "partners_grantuser": within("partners_grant", "grant_id"),
    "partners_grantextension": within("partners_grant", "grant_id"),
    "partners_grantreport": within(
        "partners_grant",
        "grant_id",
        f"({OVERSEES} OR {of_own_lab('parent.submission_id')} OR parent.partner_id = ANY ({own('partners')}))",
    ),
    "partners_finding": f"""
        reporter_id = ANY ({own("labs", "partners")})
        OR owner_id = ANY ({own("labs")}) AND owner_notified_at <= {AT}
        OR (reporter_id = ANY ({own("coordinator", "reviewer", "liaison")})
            OR ({WIDE} OR {own("liaison")} <> '{{}}') AND reported_at <= {AT})
           AND {free_of("reporter_id", "barred_labs")} AND (owner_id IS NULL OR {free_of("owner_id", "barred_labs")})
           AND (submission_id IS NULL OR {UNBARRED})
        OR id IN (SELECT portal_findings_told())""",
    "partners_findingrelay": within("partners_finding", "finding_id"),
    "partners_findingfile": within(
        "partners_finding",
        "finding_id",
        f"({REPORTER_READ} OR for_owner AND parent.owner_id = ANY ({own('labs')}) AND parent.owner_notified_at <= {AT})",
    ),
    "partners_findingaddressee": f"""
        partner_id = ANY ({own("partners")})
        OR {within("partners_finding", "finding_id", f"({REPORTER_READ} OR parent.owner_id = ANY ({own('labs')}))")}""",
}


# Table -> rows that its readers of every case see, said first: who sees all is asked about the most rows.
FIRST = {
    "deadlines_deadline": f"case_id IS NOT NULL AND {WIDE} AND {case('record', 'case_id', listed=True)}",
    "submissions_submission": f"{WIDE} AND submitted_at IS NOT NULL AND {free_of('id', 'barred_cases')}",
    "submissions_obligation": f"{WIDE} AND {case('record', listed=True)}",
    # Drafts have neither seats nor grants (0004): who has no conflict sees those of every case.
    "reviews_assignment": f"{OVERSEES} AND ({FREE} OR {case('record', listed=True)}) AND {OF_ANOTHER_LAB}",
    "partners_grant": f"{OVERSEES} AND ({FREE} OR {case('record', listed=True)})",
}


def room(table: str) -> str:
    return table.partition("_")[0]


def _secured() -> str:
    statements = []
    for table, seen in POLICIES.items():
        opened = lifted(room(table))
        first = f"{FIRST[table]} OR " if table in FIRST else ""
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
            f"CREATE POLICY seen ON {table} FOR SELECT USING ({first}{opened} OR {textwrap.dedent(seen).strip()});",
            f"CREATE POLICY added ON {table} FOR INSERT WITH CHECK ({opened});",
            f"CREATE POLICY changed ON {table} FOR UPDATE USING ({opened});",
            f"CREATE POLICY removed ON {table} FOR DELETE USING ({opened});",
        ]
    return "\n".join(statements)


def _open() -> str:
    return "\n".join(
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; "
        + " ".join(f"DROP POLICY {name} ON {table};" for name in ("seen", "added", "changed", "removed"))
        for table in POLICIES
    )


# Triggers, and what they ask, decide by all rows and not by those that the person who acts may see.
AS_OWNER = """
    DO $$
    DECLARE it regprocedure;
    BEGIN
        FOR it IN
            SELECT p.oid::regprocedure FROM pg_proc p
             WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype
               AND pg_get_userbyid(p.proowner) = current_user AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
            UNION ALL VALUES ('portal_records_kept(uuid, uuid)'::regprocedure), ('reviews_designation_lapsed_at(uuid)'),
                             ('reviews_removed(uuid)'), ('reviews_draft_only(uuid)')
        LOOP
            EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = public, pg_temp', it);
        END LOOP;
    END $$;
"""
AS_CALLER = """
    DO $$
    DECLARE it regprocedure;
    BEGIN
        FOR it IN
            SELECT p.oid::regprocedure FROM pg_proc p
             WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND pg_get_userbyid(p.proowner) = current_user
        LOOP
            EXECUTE format('ALTER FUNCTION %s SECURITY INVOKER RESET search_path', it);
        END LOOP;
    END $$;
"""
NO_SETS = """
    DROP FUNCTION portal_shows(text, uuid); DROP FUNCTION portal_findings_told(); DROP FUNCTION portal_granted_partners(); DROP FUNCTION portal_grants_past();
    DROP FUNCTION portal_hides_run(uuid); DROP FUNCTION portal_confirmed(uuid); DROP FUNCTION portal_assessed(uuid);
    DROP FUNCTION portal_seats_of(uuid[]); DROP FUNCTION portal_unwritten();
    DROP FUNCTION portal_keeps_from(uuid, text, text, text); DROP FUNCTION portal_keeps_from_actor(uuid); DROP FUNCTION portal_keeps_finding(uuid); DROP FUNCTION portal_kept_since(uuid, uuid);
    DROP FUNCTION portal_markings(uuid);
    DROP FUNCTION portal_spills_told(); DROP FUNCTION portal_related();
    DROP FUNCTION portal_reads_notice(uuid); DROP FUNCTION portal_names(uuid); DROP FUNCTION portal_sees(uuid, text);
    DROP FUNCTION portal_sees_by_role(uuid, text); DROP FUNCTION portal_of_own_lab(uuid); DROP VIEW portal_own_cases; DROP VIEW portal_widely;
    DROP FUNCTION portal_documents(); DROP FUNCTION portal_cases_whole();
    DROP FUNCTION portal_cases_of_sides(); DROP FUNCTION portal_sources(text[]);
    DROP FUNCTION portal_cases_as(text, text[]); DROP FUNCTION portal_cases(text[]); DROP VIEW portal_mine;
"""
NO_SETTINGS = """
    DROP FUNCTION portal_is(text); DROP FUNCTION portal_own(text); DROP FUNCTION portal_lifted(text);
    DROP FUNCTION portal_at(); DROP FUNCTION portal_person();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("portal_site", "0001_audience"),
        ("ledger", "0005_events_by_instant"),
        ("deadlines", "0009_sent_of_a_day"),
        ("submissions", "0026_unusual_reading"),
        ("reviews", "0014_leads"),
        ("partners", "0017_owners_say_when_partners_are_told"),
    ]
    operations = [
        migrations.RunSQL(ENTER, "DROP FUNCTION portal_enter(uuid, text, timestamptz)"),
        migrations.RunSQL(SETTINGS, NO_SETTINGS),
        migrations.RunSQL(SETS, NO_SETS),
        migrations.RunSQL(SHOWN, NO_SHOWN),
        migrations.RunSQL(SEARCHES, NO_SEARCHES),
        migrations.RunSQL(AS_OWNER, AS_CALLER),
        migrations.RunSQL(_secured(), _open()),
    ]
