"""Who opens more than a person's own: every place is known, and no door acts as if it were an action."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.db import transaction

from portal import scope
from portal.commands import JobCommand
from portal.operating import fitness
from portal.submissions.models import Submission
from tests import factories as make

ROOT = Path(settings.BASE_DIR)
# (file, function): what it opens, and why a filter cannot say it.
LIFTED = {
    ("portal/ledger/actions.py", "record"): "an event is written by who may not read it",
    (
        "portal/accounts/actions/erasures.py",
        "against_erasing",
    ): "that something of a case stands against an erasure, and nothing of the case",
    ("portal/ledger/proofs.py", "consistency"): "hashes of the log, offered to everybody",
    ("portal/ledger/proofs.py", "of_case"): "the proof holds hashes of what the lab is not told",
    ("portal/ledger/proofs.py", "first_head_of"): "where the log first covers the case",
    ("portal/ledger/stale.py", "refuse_changed_since"): "that it changed since, and not what",
    ("portal/deadlines/feeds.py", "holder"): "whose calendar an address is, before anybody is known",
    ("portal/deadlines/status.py", "status"): "numbers of messages and of mailboxes",
    (
        "portal/submissions/admin/break_glass.py",
        "case_named",
    ): "a case that the officer does not see yet, by its number",
    (
        "portal/submissions/admin/break_glass.py",
        "history",
    ): "the steps of an access, of which some are the case's events",
    ("portal/submissions/people.py", "stable_names"): "a name is made when somebody first reads it",
    ("reviews/readers.py", "reviewers_of"): "whom a conflict with a case's reviewers follows from",
    ("reviews/panels.py", "lab_panel"): "numbers of seats, of which the lab reads no row",
    ("partners/readers.py", "reason_told"): "why an organisation is suspended, from the event of who did it",
}
# Commands that touch no protected row: they read files, or move the demonstration's clock.
PLAIN = {"check_csaf", "read_evidence", "write_states", "move_clock"}
OF_THE_PORTAL = ("portal.", "reviews", "partners")


def _sources() -> Iterator[Path]:
    for room in ("portal", "reviews", "partners"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _calls(path: Path, *names: str) -> Iterator[str]:
    """The functions of a file that call one of these, or are decorated with it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            # Of nested functions the inner one only.
            inner = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef) and n is not node]
            hidden = {id(n) for one in inner for n in ast.walk(one)}
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and id(call) not in hidden:
                    called = call.func
                    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                    if name in names:
                        yield node.name


def test_every_place_that_opens_a_room_is_known():
    found = {
        (str(path.relative_to(ROOT)), function)
        for path in _sources()
        if path != ROOT / "portal/scope.py"
        for function in _calls(path, "lifted")
    }
    assert found == set(LIFTED)


def test_only_actions_act():
    """``action`` and ``acting`` stand in modules of actions, and in the few others that write."""
    writers = {
        str(path.relative_to(ROOT))
        for path in _sources()
        if "from portal.scope import" in path.read_text() and "actions" not in str(path)
    }
    assert writers == {
        "portal/deadlines/absences.py",
        "portal/deadlines/bouncing.py",
        "portal/deadlines/digests.py",
        "portal/deadlines/outbox.py",
        "portal/deadlines/quiet.py",
        "portal/deadlines/returned.py",
        "portal/programme/effects.py",
        "portal/site/demo/due.py",
        "portal/site/demo/loading.py",
    }


def test_every_command_says_what_it_sees():
    own = {name: app for name, app in get_commands().items() if str(app).startswith(OF_THE_PORTAL)}
    loaded = {name: load_command_class(app, name) for name, app in own.items()}
    assert {name for name, command in loaded.items() if not isinstance(command, JobCommand)} == PLAIN
    for command in loaded.values():
        assert set(getattr(command, "sees", ())) <= scope.ROOMS


def test_a_room_that_is_none_is_refused():
    with pytest.raises(ValueError, match="accounts"), scope.lifted("accounts"):
        pass


@pytest.mark.django_db
def test_a_job_sees_its_rooms_and_no_others():
    case = make.Case(make.submitted)
    events = case.submission.__class__.objects.filter(pk=case.submission.pk)
    with scope.job("ledger"):
        assert not events.exists()
    with scope.job("submissions"):
        assert events.exists()
    # A job that a person's request started is nobody's: it sees no more of theirs than of others'.
    with scope.as_person(case.contributor.pk), scope.job("deadlines"):
        assert not events.exists()
        with pytest.raises(Submission.DoesNotExist):
            case.submission.refresh_from_db()


@pytest.mark.django_db
def test_nobody_is_not_who_was_told_before_a_savepoint_that_was_undone():
    case = make.Case(make.submitted)
    with scope.as_person(case.contributor.pk):
        assert Submission.objects.exists()
        point = transaction.savepoint()
        with scope.lifted("submissions"):
            assert Submission.objects.exists()
        transaction.savepoint_rollback(point)
        with scope.as_person(None):
            assert not Submission.objects.exists()
        assert Submission.objects.exists()


@pytest.mark.django_db
def test_who_sees_all_rooms_first_sees_their_own_afterwards_and_not_what_the_person_before_them_saw():
    """Seats are not read for who sees everything; they are when less is seen again."""
    case, other = make.Case(make.submitted), make.Case(make.submitted)
    with scope.as_person(case.contributor.pk):
        assert list(Submission.objects.all()) == [case.submission]
    with scope.as_person(other.contributor.pk):
        with scope.lifted(*scope.ROOMS):
            assert Submission.objects.count() == 2
        assert list(Submission.objects.all()) == [other.submission]


@pytest.mark.django_db
def test_a_seat_given_in_an_action_is_seen_after_it():
    case = make.Case(make.submitted)
    viewer = make.person()
    with scope.as_person(viewer.pk):
        assert not Submission.objects.exists()
        with scope.acting():
            case.viewer.memberships.update(user=viewer)
        assert list(Submission.objects.all()) == [case.submission]
    with scope.as_person(case.viewer.pk):
        assert not Submission.objects.exists()


@pytest.mark.django_db
def test_the_role_that_serves_is_told_from_the_owner(owner_connection):
    assert fitness.serving(databases=["default"]) == []
    assert owner_connection.execute(fitness._SEES_PAST).fetchone() == (True,)
