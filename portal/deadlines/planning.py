"""Turning due deadlines into messages: a fixed number of statements, whatever the number of deadlines."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from portal.deadlines.querysets import HIDDEN
from portal.deadlines.registry import DEADLINES, offsets_of
from portal.programme.schema import offset_name

# Who may be reminded: the people whom the audience view admits in a capacity the kind names (by one source where the
# deadline names it), the people of an organisation in such a role, or one person; of the latter two nobody from whom a
# conflict hides the case. The same text serves planning and the last look before sending, so the two cannot disagree.
_KINDS = """
    kinds AS (
        SELECT * FROM unnest(%(kinds)s::text[], %(offsets)s::int[], %(names)s::text[], %(capacities)s::text[], %(scopes)s::text[])
            AS k(kind, seconds, name, capacities, scope)
    )
"""
_RECIPIENTS = """
    LATERAL (
        SELECT a.user_id FROM submission_audience a
        WHERE d.person_id IS NULL AND d.organisation_id IS NULL AND a.submission_id = d.case_id AND a.scope = k.scope
          AND (d.source_id IS NULL OR a.source_id = d.source_id)
          AND a.capacity = ANY (string_to_array(k.capacities, ','))
          AND a.since <= %(at)s AND (a.until IS NULL OR a.until > %(at)s)
        UNION
        SELECT m.user_id FROM accounts_membership m
        WHERE m.organisation_id = d.organisation_id AND m.role = ANY (string_to_array(k.capacities, ','))
          AND m.ended_at IS NULL
          AND (d.case_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM submission_barrier b JOIN accounts_organisation o ON o.id = m.organisation_id
            LEFT JOIN submissions_submission s ON s.id = d.case_id
            WHERE o.kind = 'agency' AND b.user_id = m.user_id
              AND (b.submission_id = d.case_id OR b.organisation_id = s.lab_id)))
        UNION
        SELECT d.person_id WHERE d.person_id IS NOT NULL
          AND (d.case_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM submission_barrier b LEFT JOIN submissions_submission s ON s.id = d.case_id
            WHERE b.user_id = d.person_id AND (b.submission_id = d.case_id OR b.organisation_id = s.lab_id)))
    ) r JOIN accounts_user u ON u.id = r.user_id AND u.is_active
"""
_PLANNED = f"""
    FROM due d
    JOIN kinds k ON k.kind = d.kind
    CROSS JOIN {_RECIPIENTS}
    WHERE d.due_at + make_interval(secs => k.seconds) <= %(at)s
      AND d.due_at + make_interval(secs => k.seconds) >= d.fresh_from
"""
_DUE = """
    due AS (
        SELECT * FROM deadlines_deadline
        WHERE met_at IS NULL AND cancelled_at IS NULL AND next_at <= %(at)s{of_kinds}
        ORDER BY next_at LIMIT %(limit)s {lock}
    )
"""


def _parameters(at: datetime, limit: int | None) -> dict:
    offsets = offsets_of()
    rows = [
        (
            kind.key,
            int(offset.total_seconds()),
            offset_name(int(offset.total_seconds())),
            ",".join(kind.capacities),
            kind.scope,
        )
        for kind in DEADLINES.values()
        for offset in offsets[kind.key]
    ]
    names = ("kinds", "offsets", "names", "capacities", "scopes")
    return {"at": at, "limit": limit} | {name: [row[i] for row in rows] for i, name in enumerate(names)}


def preview(*, at: datetime) -> list[dict]:
    """Who would be reminded of what at an instant, and why; writes nothing. Includes reminders already planned."""
    sql = f"""
        WITH {_KINDS}, {_DUE.format(lock="", of_kinds="")}
        SELECT d.id AS deadline, d.kind, d.case_number, d.due_at, k.name AS offset, u.id AS person, u.email,
               EXISTS (SELECT 1 FROM deadlines_message m
                       WHERE m.deadline_id = d.id AND m.recipient_id = u.id AND m."offset" = k.seconds) AS planned
        {_PLANNED} ORDER BY d.due_at, d.id, u.email, k.seconds
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(at, None))
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def plan(*, at: datetime, limit: int | None = None, kinds: Collection[str] | None = None) -> int:
    """Write the messages due at an instant, of all kinds or of some; returns how many are new. Twice, late or beside itself: the
    same rows.

    A deadline another planner holds is left to it. Each deadline's next moment moves on in the same transaction.
    """
    parameters = _parameters(at, limit)
    of_kinds = ""
    if kinds is not None:
        of_kinds, parameters["of_kinds"] = " AND kind = ANY (%(of_kinds)s)", list(kinds)
    insert = f"""
        WITH {_KINDS}, {_DUE.format(lock="FOR UPDATE SKIP LOCKED", of_kinds=of_kinds)},
        made AS (
            INSERT INTO deadlines_message (id, recipient_id, key, kind, case_id, case_number, link, deadline_id, "offset",
                                           due_at, created_at, state, try_at, attempts, failure)
            SELECT gen_random_uuid(), u.id, d.id || '/' || u.id || '/' || k.name, d.kind, d.case_id, d.case_number,
                   coalesce(nullif(d.link, ''), '/case/' || d.case_number || '/'), d.id, k.seconds, d.due_at, %(at)s,
                   'waiting', %(at)s, 0, ''
            {_PLANNED}
            ON CONFLICT DO NOTHING
            RETURNING 1
        ),
        moved AS (
            UPDATE deadlines_deadline t
            SET next_at = (
                SELECT min(t.due_at + make_interval(secs => k.seconds)) FROM kinds k
                WHERE k.kind = t.kind AND t.due_at + make_interval(secs => k.seconds) > %(at)s
            )
            FROM due WHERE t.id = due.id
        )
        SELECT count(*) FROM made
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insert, parameters)
        return cursor.fetchone()[0]


def still_known(message_ids, *, at: datetime) -> set:
    """Of these messages that are no reminders, the ids of those whose reader may still know what they are about.

    Of a case, who is admitted to it; of anything else, who has lost no membership since the message was written, and is kept
    from it by no conflict.
    """
    sql = """
        SELECT m.id FROM deadlines_message m
        WHERE m.id = ANY (%(ids)s) AND CASE WHEN m.case_id IS NOT NULL THEN EXISTS (
            SELECT 1 FROM submission_audience a
            WHERE a.submission_id = m.case_id AND a.user_id = m.recipient_id
              AND a.since <= %(at)s AND (a.until IS NULL OR a.until > %(at)s)
        ) ELSE NOT EXISTS (
            SELECT 1 FROM accounts_membership s
            WHERE s.user_id = m.recipient_id AND s.ended_at BETWEEN m.created_at AND %(at)s
        ) END
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, {"at": at, "ids": list(message_ids)})
        return unhidden(row[0] for row in cursor.fetchall())


def unhidden(message_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these messages of which no app says that something keeps their reader from the subject by now."""
    found = set(message_ids)
    return found.difference(*(hidden(found) for hidden in HIDDEN)) if found else found


def still_due(message_ids, *, at: datetime) -> set:
    """Of these reminders, the ids of those whose deadline still stands at the same date and whose reader may still know."""
    sql = f"""
        WITH {_KINDS}
        SELECT m.id FROM deadlines_message m
        JOIN deadlines_deadline d ON d.id = m.deadline_id AND d.met_at IS NULL AND d.cancelled_at IS NULL
             AND d.due_at = m.due_at
        JOIN kinds k ON k.kind = d.kind AND k.seconds = m."offset"
        CROSS JOIN {_RECIPIENTS}
        WHERE m.id = ANY (%(ids)s) AND u.id = m.recipient_id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(at, None) | {"ids": list(message_ids)})
        return unhidden(row[0] for row in cursor.fetchall())
