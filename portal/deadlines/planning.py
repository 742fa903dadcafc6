"""Turning due deadlines into messages: a fixed number of statements, whatever the number of deadlines.

Who is reminded is decided as of the moment of the reminder, and who has lost access since gets nothing, whether or not they came
back: so it is the same whether a tick comes in time or late. Whether a reminder still stands is looked at once more when it is
sent.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from portal.deadlines import registry
from portal.deadlines.models import Deadline
from portal.deadlines.querysets import HIDDEN
from portal.programme.schema import offset_name

# Who is asked first and two who may stand in.
LINES = range(3)

_KINDS = """
    kinds AS (
        SELECT * FROM unnest(%(kinds)s::text[], %(offsets)s::int[], %(names)s::text[]) AS k(kind, seconds, name)
    ),
    lines AS (
        SELECT * FROM unnest(%(of)s::text[], %(forms)s::text[], %(parts)s::text[], %(lines)s::int[], %(among)s::text[],
                             %(capacities)s::text[], %(scopes)s::text[])
            AS l(kind, form, part, line, among, capacities, scope)
    )
"""
# The form of a deadline, as ``registry.Line`` names it.
_FORM = """
    CASE WHEN d.person_id IS NOT NULL THEN 'person' WHEN d.organisation_id IS NOT NULL THEN 'organisation' ELSE 'case' END
"""
# Whom the audience view's row ``a`` admits: a person of the line ``l`` of the deadline ``d``.
OF_THE_AUDIENCE = """
    a.submission_id = d.case_id AND a.scope = l.scope AND a.capacity = ANY (string_to_array(l.capacities, ','))
    AND (d.source_id IS NULL OR l.line > 0 OR a.source_id = d.source_id)
"""
# The people of a line ``l`` of a deadline ``d``: whom the audience view admits in a capacity the line names (by one source
# where the deadline names it), the people of an organisation in such a role, or one person; of the latter two nobody from
# whom a conflict hides the case. The same text serves planning and the last look before sending, so the two cannot disagree.
_PEOPLE = f"""
    LATERAL (
        SELECT a.user_id, a.since, a.until, a.capacity AS stands_as FROM audience_shown a
        WHERE l.among = 'case' AND {OF_THE_AUDIENCE}
        UNION ALL
        SELECT m.user_id, m.since, m.ended_at, m.role FROM accounts_membership m
        WHERE l.among = 'organisation' AND m.organisation_id = d.organisation_id
          AND m.role = ANY (string_to_array(l.capacities, ','))
          AND (d.case_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM barrier_shown b JOIN accounts_organisation o ON o.id = m.organisation_id
            LEFT JOIN submissions_submission s ON s.id = d.case_id
            WHERE o.kind = 'agency' AND b.user_id = m.user_id
              AND (b.submission_id = d.case_id OR b.organisation_id = s.lab_id)))
        UNION ALL
        SELECT d.person_id, '-infinity', NULL, 'person'
        WHERE l.among = 'person'
          AND (d.case_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM barrier_shown b LEFT JOIN submissions_submission s ON s.id = d.case_id
            WHERE b.user_id = d.person_id AND (b.submission_id = d.case_id OR b.organisation_id = s.lab_id)))
    ) r JOIN accounts_user u ON u.id = r.user_id AND u.is_active
"""
_DUE = f"""
    due AS (
        SELECT d.*, {_FORM} AS form FROM deadlines_deadline d
        WHERE d.met_at IS NULL AND d.cancelled_at IS NULL AND d.next_at <= %(at)s{{of_kinds}}
        ORDER BY d.next_at LIMIT %(limit)s {{lock}}
    ),
    moments AS (
        SELECT d.id AS deadline, k.seconds, k.name, d.due_at + make_interval(secs => k.seconds) AS moment
        FROM due d JOIN kinds k ON k.kind = d.kind
        WHERE d.due_at + make_interval(secs => k.seconds) BETWEEN greatest(d.fresh_from, d.next_at) AND %(at)s
    )
"""
# Reminders that were planned before, and could not reach whom they were planned for: asked anew as of now.
_GIVEN = f"""
    due AS (
        SELECT d.*, {_FORM} AS form FROM deadlines_deadline d
        WHERE d.met_at IS NULL AND d.cancelled_at IS NULL AND d.id = ANY (%(deadlines)s)
    ),
    moments AS (
        SELECT DISTINCT d.id AS deadline, k.seconds, k.name, %(at)s::timestamptz AS moment
        FROM due d JOIN kinds k ON k.kind = d.kind
        JOIN unnest(%(deadlines)s::uuid[], %(seconds)s::int[]) AS given(deadline, seconds)
          ON given.deadline = d.id AND given.seconds = k.seconds
    )
"""
# When a person's mail is read by nobody: while they are away, and while the mailbox of the address they have takes none.
_AWAY = """
    away AS MATERIALIZED (
        SELECT person_id, begins_at AS begins, ends_at AS ends FROM deadlines_absence
        UNION ALL
        SELECT b.person_id, b.at, coalesce(b.cleared_at, 'infinity') FROM deadlines_bounce b
        JOIN accounts_user u ON u.id = b.person_id AND u.email = b.address
    )
"""


def _stays(row: str, since: str, rows: str, of: tuple[str, ...]) -> str:
    """Whether a person whom ``row`` admits at the instant ``since`` was admitted from then until now without a gap, by this row
    or by one after the other of those in ``rows`` with the same columns ``of``: a role that changes is no gap.
    """

    def same(one: str, other: str) -> str:
        return " AND ".join(f"{one}.{column} = {other}.{column}" for column in of)

    return f"""(
        {row}.until IS NULL OR {row}.until > %(at)s OR NOT EXISTS (
            SELECT 1 FROM {rows} ended WHERE {same("ended", row)} AND ended.until > {since} AND ended.until <= %(at)s
              AND NOT EXISTS (
                SELECT 1 FROM {rows} other WHERE {same("other", "ended")}
                  AND other.since <= ended.until AND (other.until IS NULL OR other.until > ended.until))))"""


def _line(number: int) -> str:
    """The people of one line, and the moments of which nobody in the lines so far can be reached."""
    before = f"JOIN alone_{number - 1} n ON n.deadline = d.id AND n.part = l.part" if number else ""
    waiting = (
        f"SELECT deadline, part, seconds FROM alone_{number - 1}"
        if number
        else "SELECT q.deadline, l.part, q.seconds FROM moments q JOIN due d ON d.id = q.deadline"
        " JOIN lines l ON l.kind = d.kind AND l.form = d.form AND l.line = 0"
    )
    if number:
        moments = f"(SELECT m.*, n.part FROM moments m JOIN alone_{number - 1} n USING (deadline, seconds)) n"
        joined = f"JOIN {moments} ON n.deadline = p.deadline AND n.part = p.part"
    else:
        joined = "JOIN moments n ON n.deadline = p.deadline"
    return f"""
    people_{number} AS MATERIALIZED (
        SELECT DISTINCT d.id AS deadline, l.part, r.user_id, r.since, r.until, r.stands_as
        FROM due d JOIN lines l ON l.kind = d.kind AND l.form = d.form AND l.line = {number} {before}
        CROSS JOIN {_PEOPLE}
    ),
    asked_{number} AS MATERIALIZED (
        SELECT p.deadline, p.part, n.seconds, n.name, n.moment, p.user_id, p.stands_as, {number} AS line,
               {_stays("p", "n.moment", f"people_{number}", ("deadline", "part", "user_id"))} AS stays
        FROM people_{number} p {joined}
        WHERE p.since <= n.moment AND (p.until IS NULL OR p.until > n.moment)
    ),
    alone_{number} AS MATERIALIZED (
        {waiting}
        EXCEPT
        SELECT a.deadline, a.part, a.seconds FROM asked_{number} a
        WHERE NOT EXISTS (
            SELECT 1 FROM away w WHERE w.person_id = a.user_id AND w.begins <= a.moment AND w.ends > a.moment)
    )"""


_ASKED = ",".join([_AWAY, *(_line(number) for number in LINES)])
_ASKED += f""",
    asked AS (
        {" UNION ALL ".join(f"SELECT * FROM asked_{number} WHERE stays" for number in LINES)}
    )
"""


def _parameters(at: datetime, limit: int | None = None) -> dict:
    offsets = registry.offsets_of()
    moments = [
        (kind, int(offset.total_seconds()), offset_name(int(offset.total_seconds())))
        for kind in registry.DEADLINES
        for offset in offsets[kind]
    ]
    lines = [
        (
            line.kind,
            line.form,
            line.part,
            line.line,
            line.among,
            ",".join(line.capacities),
            registry.DEADLINES[line.kind].scope,
        )
        for line in registry.lines()
    ]
    return (
        {"at": at, "limit": limit}
        | _columns(("kinds", "offsets", "names"), moments)
        | _columns(("of", "forms", "parts", "lines", "among", "capacities", "scopes"), lines)
    )


def _columns(names: tuple[str, ...], rows: list[tuple]) -> dict[str, list]:
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def preview(*, at: datetime) -> list[dict]:
    """Who would be reminded of what at an instant, and why; writes nothing. Includes reminders already planned.

    ``stands_as`` is the capacity or role in which a person is asked; ``line`` is 0 for who is asked first, else they stand
    in for others who cannot be reached.
    """
    sql = f"""
        WITH {_KINDS}, {_DUE.format(lock="", of_kinds="")}, {_ASKED}
        SELECT d.id AS deadline, d.kind, d.case_number, d.due_at, p.name AS offset, u.id AS person, u.email,
               string_agg(DISTINCT p.stands_as, ', ' ORDER BY p.stands_as) AS stands_as, min(p.line) AS line,
               EXISTS (SELECT 1 FROM deadlines_message m
                       WHERE m.deadline_id = d.id AND m.recipient_id = u.id AND m."offset" = p.seconds
                         AND (m.due_at = d.due_at OR m.sent_at IS NOT NULL)) AS planned
        FROM asked p JOIN due d ON d.id = p.deadline JOIN accounts_user u ON u.id = p.user_id
        GROUP BY d.id, d.kind, d.case_number, d.due_at, p.name, p.seconds, u.id, u.email
        ORDER BY d.due_at, d.id, u.email, p.seconds
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(at))
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


# A reminder that has not left, of a date that has moved since, is the same row again: so it keeps its Message-ID.
_WRITE = """
    made AS (
        INSERT INTO deadlines_message (id, recipient_id, key, kind, case_id, case_number, link, deadline_id, "offset",
                                       due_at, created_at, state, try_at, attempts, failure, line)
        SELECT gen_random_uuid(), p.user_id, d.id || '/' || p.user_id || '/' || p.name, d.kind, d.case_id, d.case_number,
               coalesce(nullif(d.link, ''), '/case/' || d.case_number || '/'), d.id, p.seconds, d.due_at, %(at)s,
               'waiting', %(at)s, 0, '', p.line
        FROM asked p JOIN due d ON d.id = p.deadline
        ON CONFLICT DO NOTHING
        RETURNING 1
    ),
    again AS (
        UPDATE deadlines_message m
        SET due_at = d.due_at, state = 'waiting', created_at = %(at)s, try_at = %(at)s, attempts = 0, failure = '',
            reason = '', digest_id = NULL, read_at = NULL, line = p.line
        FROM asked p JOIN due d ON d.id = p.deadline AND d.fresh_from > d.created_at
        WHERE m.deadline_id = d.id AND m.recipient_id = p.user_id AND m."offset" = p.seconds AND m.due_at <> d.due_at
          AND m.sent_at IS NULL AND m.state IN ('waiting', 'held', 'dropped', 'failed')
        RETURNING 1
    )"""
_COUNT = "SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM again)"


def plan(*, at: datetime, limit: int | None = None, kinds: Collection[str] | None = None) -> int:
    """Write the messages due at an instant, of all kinds or of some; returns how many are new. Twice, late or beside itself: the
    same rows.

    A deadline another planner holds is left to it. Each deadline's next moment moves on in the same transaction. Where nothing
    is due, one look at one partial index says so.
    """
    if not Deadline.objects.still_open().filter(next_at__lte=at).exists():
        return 0
    parameters = _parameters(at, limit)
    of_kinds = ""
    if kinds is not None:
        of_kinds, parameters["of_kinds"] = " AND d.kind = ANY (%(of_kinds)s)", list(kinds)
    insert = f"""
        WITH {_KINDS}, {_DUE.format(lock="FOR UPDATE OF d SKIP LOCKED", of_kinds=of_kinds)}, {_ASKED}, {_WRITE},
        moved AS (
            UPDATE deadlines_deadline t
            SET next_at = (
                SELECT min(t.due_at + make_interval(secs => k.seconds)) FROM kinds k
                WHERE k.kind = t.kind AND t.due_at + make_interval(secs => k.seconds) > %(at)s
            )
            FROM due WHERE t.id = due.id
        )
        {_COUNT}
    """
    return _written(insert, parameters)


def plan_again(*, at: datetime, reminders: Iterable[tuple[UUID, int]]) -> int:
    """Ask anew, as of now, who is reminded at these offsets (seconds) of these deadlines; returns how many messages are new.

    For reminders that could not reach the person they were planned for: whoever was told of them is not told again.
    """
    pairs = list(reminders)
    parameters = _parameters(at) | _columns(("deadlines", "seconds"), pairs)
    return _written(f"WITH {_KINDS}, {_GIVEN}, {_ASKED}, {_WRITE} {_COUNT}", parameters) if pairs else 0


def _written(sql: str, parameters: dict) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def still_known(message_ids, *, at: datetime) -> set:
    """Of these messages that are no reminders, the ids of those whose reader may still know what they are about.

    Of a case, who is admitted to it; of anything else, who has lost no membership since the message was written, and is kept
    from it by no conflict.
    """
    sql = """
        SELECT m.id FROM deadlines_message m
        WHERE m.id = ANY (%(ids)s) AND CASE WHEN m.case_id IS NOT NULL THEN EXISTS (
            SELECT 1 FROM audience_shown a
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
    """Of these reminders, the ids of those whose deadline still stands at the same date and whose reader may still know, and did
    all the time since they were planned.
    """
    sql = f"""
        WITH {_KINDS}, spans AS MATERIALIZED (
        SELECT m.id, m.created_at, r.since, r.until FROM deadlines_message m
        JOIN deadlines_deadline d ON d.id = m.deadline_id AND d.met_at IS NULL AND d.cancelled_at IS NULL
             AND d.due_at = m.due_at
        JOIN kinds k ON k.kind = d.kind AND k.seconds = m."offset"
        JOIN lines l ON l.kind = d.kind AND l.form = {_FORM}
        CROSS JOIN {_PEOPLE}
        WHERE m.id = ANY (%(ids)s) AND u.id = m.recipient_id
        )
        SELECT DISTINCT s.id FROM spans s
        WHERE s.since <= s.created_at AND (s.until IS NULL OR s.until > s.created_at)
          AND {_stays("s", "s.created_at", "spans", ("id",))}
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, _parameters(at) | {"ids": list(message_ids)})
        return unhidden(row[0] for row in cursor.fetchall())
