"""Statements that are kept: what is kept is how to ask, never an answer, and never for another person, time or standing."""

from datetime import timedelta

import pytest
from django.db import connection

from portal import clock, prepared
from portal.accounts.models import Membership, Role, User
from portal.admin.panels import HOME_PANELS, queues_of
from portal.lookups import Among, OneOf
from portal.prepared import Statement, given_ids, kept
from portal.submissions import actions
from portal.submissions.models import Facts, Submission
from portal.submissions.states import State
from tests import factories as make
from tests import factories_reviews as reviewing

pytestmark = pytest.mark.django_db
NOW, DAY = make.NOW, make.DAY


def signed_in(person) -> User:
    return User.objects.with_standing().get(pk=person.pk)


def counts(person, at) -> dict[str, int]:
    return {one.label: one.count for one in queues_of(signed_in(person), at=at)}


def afresh(person, at) -> dict[str, int]:
    user = signed_in(person)
    return {one.label: one.rows.count() for queues in HOME_PANELS for one in queues(user, at)}


@pytest.fixture
def made():
    """How often a statement about the cases in a state was made, and what it finds."""
    times = []

    def found(key, user, state, at):
        def build(at):
            times.append(at)
            return Statement.of(
                Submission.objects.visible_to(user, at=at).in_state(state, at=at).values_list("pk")
            )

        return {pk for (pk,) in kept((key, state, user.standing(at)), build, at=at).rows(at=at)}

    found.times = times
    return found


def test_a_kept_statement_is_made_once_and_asked_of_each_instant(made):
    case, later = make.Case(), make.Case()
    user = signed_in(case.coordinator)
    opens, closes = case.again().opens_at, case.again().closes_at
    both = {case.submission.pk, later.submission.pk}
    assert made("one", user, State.OPEN, opens) == both
    assert made("one", user, State.OPEN, closes) == set()
    actions.withdraw(actor=later.contributor, submission=later.submission, at=NOW)
    assert made("one", user, State.OPEN, opens) == {case.submission.pk}
    assert len(made.times) == 1


def test_another_person_and_another_standing_have_their_own(made):
    case = make.Case()
    user, other, opens = signed_in(case.coordinator), signed_in(case.contributor), case.again().opens_at
    assert made("two", user, State.OPEN, opens) == {case.submission.pk}
    assert made("two", other, State.OPEN, opens) == {case.submission.pk}
    actions.declare_conflict(actor=case.coordinator, user=case.coordinator, organisation=case.lab, at=NOW)
    assert made("two", signed_in(case.coordinator), State.OPEN, opens) == set()
    Membership.objects.filter(user=case.contributor).update(ended_at=NOW)
    assert made("two", signed_in(case.contributor), State.OPEN, opens) == set()
    assert len(made.times) == 4


def test_a_statement_with_an_instant_written_into_it_is_made_each_time():
    times = []

    def build(at):
        times.append(at)
        # Whatever it is called with, it writes down an instant of its own.
        return Statement.of(Submission.objects.filter(created_at__lte=clock.machine()).values_list("pk"))

    assert kept("written", build, at=NOW).rows(at=NOW) == []
    case = make.Case()
    # Tried once, then made for each asking.
    assert kept("written", build, at=NOW).rows(at=NOW) == [(case.submission.pk,)]
    assert len(times) == 3


def test_what_calculates_with_the_instant_or_reads_the_database_is_made_each_time():
    case = make.Case()
    agreed = [(case.submission.pk,)]

    def calculates(at):
        rows = Submission.objects.filter(agreed_at__gte=at.replace(year=2000))
        return Statement.of(rows.values_list("pk"))

    def reads(at):
        return Statement.of(Submission.objects.filter(pk=Submission.objects.get().pk).values_list("pk"))

    for build in (calculates, reads):
        assert kept(build.__name__, build, at=NOW).rows(at=NOW) == agreed
        assert prepared._kept[build.__name__] is None
        assert kept(build.__name__, build, at=NOW).rows(at=NOW) == agreed


def test_the_present_instant_stands_for_the_one_that_is_given_only_while_a_statement_is_made():
    case = make.Case()

    def closing(at):
        soon = clock.now() + timedelta(days=1)
        return Statement.of(
            Submission.objects.filter(closes_at__gt=at, closes_at__lte=soon).values_list("pk")
        )

    closes = case.again().closes_at
    assert kept("now", closing, at=NOW).rows(at=NOW) == []
    statement = prepared._kept["now"]
    assert statement is kept("now", closing, at=NOW)
    assert statement.rows(at=closes - DAY) == [(case.submission.pk,)]
    assert statement.rows(at=closes - 2 * DAY) == statement.rows(at=closes) == []
    assert abs(clock.now() - clock.machine()) < 400 * DAY


def test_ids_that_are_given_and_ids_that_are_found():
    cases = [make.Case() for _ in range(3)]
    keys = sorted(case.submission.pk for case in cases)
    statement = Statement.of(
        Submission.objects.filter(Among("pk", given_ids())).order_by("pk").values_list("pk")
    )
    assert statement.rows(ids=keys[:2]) == [(key,) for key in keys[:2]]
    assert statement.rows(ids=[]) == []
    found = Submission.objects.filter(OneOf("pk", statement.within(ids=keys[1:])))
    assert {case.pk for case in found} == set(keys[1:])
    nothing = Statement.of(Submission.objects.none())
    assert (nothing.sql, nothing.rows(), list(Submission.objects.filter(OneOf("pk", nothing.within())))) == (
        None,
        [],
        [],
    )


@pytest.mark.parametrize("name", ["It's 100 % nougat", "50%s", "C:\\tmp\\%%", "a'; DROP TABLE x; --", ""])
def test_constants_stand_in_the_statement_as_they_are(name):
    case, other = make.Case(), make.Case()
    Facts.objects.filter(submission=case.submission).update(model_name=name)
    found = Submission.objects.filter(
        facts__model_name=name, pk__in=[case.submission.pk, other.submission.pk]
    )
    statement = Statement.of(found.values_list("pk")[:1])
    assert statement.rows() == [(case.submission.pk,)]
    assert set(statement.params) == {case.submission.pk, other.submission.pk}


def test_one_plan_is_kept_for_all_who_ask_at_whatever_instant(made):
    """What differs from person to person are ids, which stand beside the statement."""
    before = _plans()
    case, other = make.Case(), make.Case()
    opens, closes = case.again().opens_at, case.again().closes_at
    for one in (case, other):
        assert made("plan", signed_in(one.contributor), State.OPEN, opens) == {one.submission.pk}
        assert made("plan", signed_in(one.contributor), State.OPEN, closes) == set()
    after = _plans()
    followed = {
        text: times - before.get(text, 0) for text, times in after.items() if times != before.get(text)
    }
    assert [times for text, times in followed.items() if '"opens_at" <=' in text] == [4]


def _plans() -> dict[str, int]:
    """How often each plan that this connection keeps was followed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements")
        return dict(cursor.fetchall())


def test_no_more_are_kept_than_said_and_the_last_ones_stay(monkeypatch):
    monkeypatch.setattr(prepared, "KEPT", 3)
    monkeypatch.setattr(prepared, "_kept", {})
    for key in "abcadef":
        kept(key, lambda at: Statement(None), at=NOW)
    assert list(prepared._kept) == ["d", "e", "f"]


def test_the_queues_are_counted_as_if_they_were_made_afresh_at_every_instant():
    case = reviewing.Reviewed()
    make.Case(make.agreed)
    make.submitted(actor=case.contributor, lab=case.lab)
    people = [
        case.coordinator,
        case.lead,
        make.member(make.programme_office(), Role.DESIGNATOR),
        case.contributor,
    ]
    for at in (NOW, NOW + 20 * DAY, NOW + 90 * DAY):
        for person in people:
            assert counts(person, at) == afresh(person, at)
    assert counts(case.coordinator, NOW)["To acknowledge"] == 1
    assert (
        counts(case.coordinator, NOW + 90 * DAY)["To be closed"]
        > counts(case.coordinator, NOW)["To be closed"]
    )
