"""Row-level security alone: each table read without any filter, as each kind of person, shows what the filters would.

Where a policy shows more than ``visible_to``, the rows stand in ``MORE`` with the reason; another one fails.
"""

import json
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
import time_machine
from django.apps import apps
from django.db import ProgrammingError, connection, models, transaction
from django.db.models import F, Q

from portal import scope
from portal.deadlines import bouncing
from portal.ledger.models import Event
from portal.submissions import looks
from portal.submissions.models import Audience, BreakGlass, Contact, Submission, UnusualReading
from portal.submissions.querysets import ASSESSMENTS, FACTS, INSTRUCTIONS, agency_wide, oversees
from tests.matrix import world as worlds

# Tables that hold nothing of a case, an inquiry, a finding or a partner's application, and why each is open.
OPEN = {
    "ledger_node": "hashes of the sealed log, offered to everybody",
    "ledger_key": "public keys, offered to everybody",
    "ledger_head": "signed heads, offered to everybody",
    "ledger_seal": "hashes of the seals before the log",
    "programme_version": "the programme's settings, asked by every request",
    "deadlines_domainpace": "how many messages went to a mail domain this minute",
    "deadlines_heartbeat": "that a worker lives",
    "reviews_rubricversion": "questions that every assessment is asked",
    "reviews_rubricquestion": "the same",
    "partners_partnerterms": "the standard terms, shown to everybody",
    "partners_vettingcriteria": "criteria that every partner is asked",
    "partners_vettingcriterion": "the same",
}
# Read before anybody is known, to find out who asks: what a person may read of them is the accounts' own filters' to say.
BEFORE_ANY_SCOPE = re.compile(r"(accounts|account|auth|django|mfa|socialaccount|usersessions|knox)_")


@pytest.fixture
def world(db):
    made = worlds.build()
    with time_machine.travel(worlds.AT, tick=True):
        yield made


def _tables() -> dict[str, type[models.Model]]:
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            found[model._meta.db_table] = model
    return found


def secured() -> dict[str, type[models.Model]]:
    return {
        table: model
        for table, model in _tables().items()
        if table not in OPEN and not BEFORE_ANY_SCOPE.match(table)
    }


def test_every_other_table_is_secured(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
        )
        assert {name for (name,) in cursor.fetchall()} == set(secured())
        # Nobody but the owner sees past a policy, and the owner serves nobody.
        cursor.execute(
            "SELECT count(*) FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND pg_get_userbyid(relowner) = current_user"
        )
        assert cursor.fetchone() == (0,)


def test_every_trigger_that_reads_a_table_reads_all_of_it(db):
    """One that asks in the name of who acts would decide by the rows that they see."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype"
            r" AND NOT prosecdef AND prosrc ~* '\m(from|join|perform)\M\s+\m(submissions|reviews|partners|deadlines|ledger)_'"
        )
        assert cursor.fetchall() == []


def _ids(model: type[models.Model]) -> set:
    """What the table shows to a statement without any condition."""
    pk = model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{pk}" FROM "{model._meta.db_table}"')
        return {row[0] for row in cursor.fetchall()}


def test_outside_any_scope_nothing_is_seen_or_written(world):
    found = {table: len(_ids(model)) for table, model in secured().items()}
    assert {table for table, rows in found.items() if not rows} == EMPTY
    with scope.as_person(None):
        assert {table: _ids(model) for table, model in secured().items() if _ids(model)} == {}
        changed = {}
        for table, model in secured().items():
            column = _a_column(model)
            changed[table] = model._base_manager.order_by().update(**{column: F(column)})
            changed[table] += model._base_manager.order_by()._raw_delete("default")
        assert changed == dict.fromkeys(secured(), 0)


# Nothing of this world is in these.
EMPTY = {
    "deadlines_noticepreference", "deadlines_quiethours",
    "submissions_disclosurenotice_documents", "submissions_requestanswer_files", "submissions_requestfollowup",
    "submissions_requestnotice", "reviews_designationconsultation", "reviews_matchingoutcome",
    "partners_grantextension", "partners_findingrelay", "partners_findingaddressee", "submissions_conflictstatement",
    "submissions_disclosurestatement", "submissions_requestanswer", "reviews_assessmentanswer",
    "submissions_readingday", "submissions_readingtally",
    "reviews_assessment_versions_read", "reviews_retestanswer", "reviews_retest_versions_read", "reviews_matchingpair",
}  # fmt: skip


def _a_column(model: type[models.Model]) -> str:
    return next(field.attname for field in model._meta.concrete_fields if not field.primary_key)


def test_a_person_writes_nothing_outside_an_action(world):
    case = world.case.submission
    with scope.as_person(world.people["lab admin"].pk):
        assert list(Submission.objects.filter(pk=case.pk)) == [case]
        assert Submission.objects.filter(pk=case.pk).update(case_number="X") == 0
        assert Submission.objects.filter(pk=case.pk)._raw_delete("default") == 0
        contact = Contact(
            submission=case, purpose="legal", name="Bo", phone="2", added_by=world.people["lab admin"]
        )
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            contact.save(force_insert=True)


def _written(event: dict) -> None:
    """In SQL, since the ORM would ask for the row's number, and be refused what is not seen."""
    columns = ", ".join(event)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ledger_event ({columns}) VALUES ({', '.join(['%s'] * len(event))})",
            [*event.values()],
        )


def test_a_person_writes_their_own_looks_and_no_other_event(world):
    person, another = world.people["lab admin"], world.people["auditor"]
    with scope.as_person(person.pk):
        looks.looked(actor=person, submission=world.case.submission, verb="viewed_facts")
    look = Event.objects.filter(kind=Event.Kind.LOOK, actor=person).values().get()
    look |= {"id": uuid4(), "data": json.dumps(look["data"])}
    del look["seq"]
    with scope.as_person(person.pk):
        for other in ({"actor_id": another.pk}, {"actor_id": None}, {"kind": Event.Kind.CHANGE}):
            with pytest.raises(ProgrammingError, match="row-level security"):
                _written(look | other)
        _written(look)
    with scope.as_person(None), pytest.raises(ProgrammingError, match="row-level security"):
        _written(look | {"id": uuid4(), "actor_id": None})
    assert Event.objects.filter(kind=Event.Kind.LOOK).count() == 2


def test_nobody_writes_through_a_view(world):
    """One of a single table is written in the name of its owner, for whom there are no policies."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
            " AND has_table_privilege(current_user, oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"
        )
        assert cursor.fetchall() == []
    with (
        scope.as_person(world.people["lab admin"].pk),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE portal_own_cases SET id = gen_random_uuid()")


def _of_case(rule: str, path: str = "submission") -> Callable:
    """Rows of the cases of which a person sees a scope."""
    return lambda model, user: model._base_manager.filter(
        **{f"{path}__in": Submission.objects.visible_to(user, scope=rule).order_by().values("pk")}
    )


def _with(path: str) -> Callable:
    """Rows of what a person sees of another table."""

    def rows(model, user):
        parent = model._meta.get_field(path).related_model
        return model._base_manager.filter(**{f"{path}__in": FILTERS_OF(parent)(parent, user).values("pk")})

    return rows


def _led_by(user):
    return Audience.objects.filter(user=user, scope="record", capacity="lead").values("submission")


def _visible(model, user):
    return model._default_manager.visible_to(user)


# What the filters show of tables whose managers have no ``visible_to`` of their own.
RULES = {
    "submissions_facts": _of_case(FACTS),
    "submissions_checkpoint": lambda model, user: model._base_manager.filter(
        submissions__in=Submission.objects.visible_to(user).order_by().values("pk")
    ).distinct(),
    # A partner has its own, in its grant.
    "submissions_accessinstructions": lambda model, user: model._base_manager.none()
    if user.has_seat("partner")
    else _of_case(INSTRUCTIONS)(model, user),
    "submissions_documentversion": _with("document"),
    "submissions_alias": _of_case("record"),
    "submissions_disclosurestatement": _with("notice"),
    "submissions_disclosurenotice_documents": _with("disclosurenotice"),
    "submissions_requestanswer": _with("request"),
    "submissions_requestfollowup": _with("request"),
    "submissions_requestanswer_files": _with("requestanswer"),
    "submissions_requestnotice": _with("notice"),
    "submissions_spill_agencies": _with("spill"),
    "reviews_assessmentanswer": _with("assessment"),
    "reviews_assessment_versions_read": _with("assessment"),
    "reviews_agencyscore": _with("log"),
    "reviews_retestanswer": _with("retest"),
    "reviews_retest_versions_read": _with("retest"),
    "reviews_designationconfirmation": _with("designation"),
    "reviews_designationconsultation": _with("designation"),
    "reviews_matchingneed": _with("run"),
    "reviews_matchingpair": _with("run"),
    "reviews_matchingoutcome": _with("pair"),
    "partners_vettinganswer": _with("vetting"),
    "partners_grantdocument": _with("grant"),
    "partners_grantuser": _with("grant"),
    "partners_grantextension": _with("grant"),
    "partners_findingrelay": _with("finding"),
    "partners_findingaddressee": _with("finding"),
    "submissions_breakglass": lambda model, user: _visible(model, user)
    | model.objects.filter(opened_at__isnull=False, submission__lab__in=user.organisations_as("lab")),
    "submissions_readingtally": lambda model, user: model._base_manager.none(),
    "submissions_readingday": lambda model, user: model._base_manager.none(),
    "submissions_unusualreading": lambda model, user: _visible(model, user)
    | model.objects.filter(submission__lab__in=user.organisations_as("lab"))
    | model.objects.exclude(person=user).filter(submission__in=_led_by(user)),
    "deadlines_bounce": lambda model, user: _visible(model, user) | bouncing.looked_after_by(user),
    "ledger_leaf": lambda model, user: model._base_manager.none(),
    "deadlines_message": lambda model, user: model._base_manager.filter(
        Q(pk__in=model.objects.visible_to(user).values("pk")) | Q(pk__in=model.objects.in_outbox_of(user).values("pk"))
    ),
}  # fmt: skip


def FILTERS_OF(model) -> Callable:
    return RULES.get(model._meta.db_table, _visible)


def _seen(user, scope: str = "record"):
    return Submission.objects.visible_to(user, scope=scope).order_by().values("pk")


def _as_anything(user):
    return Audience.objects.filter(user=user).order_by().values("submission")


def _orgs(user, *kinds: str) -> list:
    return [seat.organisation_id for seat in user.seats if not kinds or seat.kind in kinds]


def _beside(user) -> Q:
    """Cases beside which something of the person's own stands."""
    return (
        Q(pk__in=_as_anything(user))
        | Q(findings__reporter__in=_orgs(user, "lab", "partner"))
        | Q(obligations__agency__in=_orgs(user, "agency"))
        | Q(break_glass__agency__in=_orgs(user, "agency"))
    )


# table -> (what more than its filter a policy may show a person, and why). Everything else must be the same.
MORE: dict[str, tuple[Callable[..., Q], str]] = {
    "submissions_informationrequest": (
        lambda user: Q(submission__in=_seen(user, FACTS)),
        "Of what a spill froze, pages show that there was something.",
    ),
    "submissions_spill": (
        lambda user: Q(lab__in=_orgs(user, "lab")) | Q(reported_by=user),
        "The lab's record tells of spills; who reported one knows of it.",
    ),
    "submissions_spill_agencies": (
        lambda user: Q(spill__lab__in=_orgs(user, "lab")) | Q(spill__reported_by=user),
        "With the spill.",
    ),
    "reviews_assignment": (
        lambda user: Q(submission__in=_seen(user, ASSESSMENTS), assessments__isnull=False),
        "The seat of an author stands beside each assessment that is read.",
    ),
    "deadlines_deadline": (
        lambda user: (
            Q(organisation__in=_orgs(user))
            | (Q(case_id__in=_seen(user)) if agency_wide(user) else Q(pk__in=[]))
            | Q(person=None, organisation=None)
            & (
                Q(case_id__in=_seen(user))
                | Q(source_id__in=Audience.objects.filter(user=user).values("source_id"))
            )
        ),
        "Dates of one's own organisation or case that are for another role: who is told of which is no policy's to say.",
    ),
    "deadlines_message": (
        lambda user: Q(case_id=None) if oversees(user) else Q(pk__in=[]),
        "Who oversees the programme sees all messages about no case.",
    ),
    "ledger_event": (
        lambda user: (
            Q(case_id=None, actor=user)
            | (Q(case_id=None) & ~Q(subject_type__startswith="accounts.") if oversees(user) else Q(pk__in=[]))
            | Q(case_id__in=_as_anything(user), actor=user)
            | Q(case_id__in=_seen(user), kind="change", subject_type="submissions.submission")
            | Q(kind="change", subject_id__in=BreakGlass.objects.visible_to(user).values("pk"))
            | Q(kind="change", subject_id__in=UnusualReading.objects.visible_to(user).values("pk"))
        ),
        "What a person did, what a case or an access they see went through; for overseers what is about no case and no account.",
    ),
    "submissions_submission": (
        _beside,
        "A case stands beside what is one's own of it, with its number and dates.",
    ),
    "submissions_checkpoint": (
        lambda user: Q(submissions__in=Submission.objects.filter(_beside(user)).values("pk")),
        "With the case.",
    ),
    "submissions_facts": (
        lambda user: Q(submission__in=Audience.objects.filter(user=user, scope="model").values("submission")),
        "A grant opens the model's facts, on pages of its own.",
    ),
}


def _more(table: str, model, user, rows: set) -> set:
    """Of what a policy shows beyond the filter, the rows that nothing explains."""
    if table not in MORE:
        return rows
    explained = model._base_manager.filter(MORE[table][0](user), pk__in=rows)
    return rows - set(explained.order_by().values_list("pk", flat=True))


ROLES = (
    "lab admin", "lab contributor", "lab viewer", "granting lab", "another lab", "coordinator",
    "invited coordinator", "foreign coordinator", "designator", "auditor", "liaison", "security", "lead", "reviewer",
    "unassigned reviewer", "partner admin", "named member", "unnamed member", "another partner", "superuser",
)  # fmt: skip


def test_without_filters_a_person_sees_what_the_filters_show(world):
    differences = {}
    for role in ROLES:
        user = world.people[role]
        for table, model in secured().items():
            told = {row.pk for row in FILTERS_OF(model)(model, user).order_by()}
            with scope.as_person(user.pk):
                seen = _ids(model)
                # And what the filters show passes the policies whole, with all that they ask on their way.
                kept = {row.pk for row in FILTERS_OF(model)(model, user).order_by()}
            if kept != told:
                differences[role, table, "by the filters"] = len(told - kept), len(kept - told)
            if told - seen:
                differences[role, table, "less"] = len(told - seen)
            if unexplained := _more(table, model, user, seen - told):
                differences[role, table, "more"] = len(unexplained)
    assert differences == {}
