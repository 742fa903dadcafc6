"""The demonstration holds what the contract promises, once, and its history is as real as any."""

import json
import stat
from collections import Counter, defaultdict
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, override_settings

from partners.findings_states import FindingState
from partners.models import Finding, Grant, PartnerProfile
from partners.states import PartnerState
from partners.states import State as GrantState
from portal import clock
from portal.accounts.models import ROLES_OF, Kind, Organisation, User
from portal.deadlines import delivery, planning, registry
from portal.deadlines.models import Deadline, Message
from portal.ledger import records, sealing, words
from portal.ledger.models import Event
from portal.submissions.models import DocumentVersion, InformationRequest, Submission, Terms
from portal.submissions.states import RequestState, State
from reviews.models import Assessment, Assignment, Designation, Inquiry, MatchingRun, ReviewerProfile
from reviews.states import AssessmentState, AssignmentState, DesignationState, InquiryState


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demonstration, loaded once for this file, and undone after it; the folder with its demo.json."""
    folder = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), override_settings(PORTAL_VAR=folder), transaction.atomic():
        call_command("load_demo", force=True, stdout=StringIO())
        yield folder
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def undone(demo):
    """What a test adds is taken back after it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def said(demo) -> dict:
    return json.loads((demo / "demo.json").read_text())


def states(model) -> set[str]:
    return {str(row.state) for row in model.objects.all()}


def test_the_file_says_how_everybody_signs_in(demo, said):
    assert stat.S_IMODE((demo / "demo.json").stat().st_mode) == 0o600
    assert set(said) == {"base_url", "database", "accounts"}
    assert set(said["database"]) == {"owner_url", "app_url"}
    keys = {"email", "password", "totp_secret", "api_token", "organisation", "kind", "role"}
    for account in said["accounts"]:
        assert set(account) == keys
        user = User.objects.get(email=account["email"])
        assert user.check_password(account["password"])
        assert user.authenticator_set.get().wrap().instance.type == "totp"
    everywhere = Counter((account["kind"], account["role"]) for account in said["accounts"])
    assert set(everywhere) == {(kind, role) for kind, roles in ROLES_OF.items() for role in roles} | {
        (None, "sysadmin")
    }


def test_a_secret_is_the_one_that_the_portal_checks(said):
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    account = said["accounts"][0]
    counter = list(yield_hotp_counters_from_time())[1]
    code = format_hotp_value(hotp_value(account["totp_secret"], counter))
    authenticator = User.objects.get(email=account["email"]).authenticator_set.get()
    assert authenticator.wrap().validate_code(code)


def test_a_token_opens_the_api_as_its_person(said):
    account = next(account for account in said["accounts"] if account["role"] == "viewer")
    answer = Client().get("/api/v1/submissions/", headers={"authorization": f"Bearer {account['api_token']}"})
    assert answer.status_code == 200
    own = Submission.objects.filter(lab__name=account["organisation"]).values_list("pk", flat=True)
    assert {row["id"] for row in answer.json()["results"]} == {str(pk) for pk in own}


def test_every_party_is_there_in_numbers(said):
    houses = {(account["kind"], account["organisation"]) for account in said["accounts"]}
    of_kind = Counter(kind for kind, _ in houses)
    assert of_kind[Kind.LAB] >= 2
    assert of_kind[Kind.AGENCY] >= 2
    assert of_kind[Kind.PARTNER] >= 3
    roles = Counter(account["role"] for account in said["accounts"])
    assert roles["designator"] >= 2
    assert roles["reviewer"] >= 3
    coordinators = {
        account["organisation"] for account in said["accounts"] if account["role"] == "coordinator"
    }
    assert len(coordinators) >= 2
    for kind in (Kind.LAB, Kind.PARTNER):
        for house in [name for found, name in houses if found == kind]:
            held = {account["role"] for account in said["accounts"] if account["organisation"] == house}
            assert held == {str(role) for role in ROLES_OF[kind]}
    assert all("(invented)" in name for name in Organisation.objects.values_list("name", flat=True))
    assert Organisation.objects.filter(is_programme_office=True).count() == 1


def test_the_reviewers_are_on_record_and_a_run_waits_for_the_coordinator():
    assert ReviewerProfile.objects.count() == 4
    assert sorted(MatchingRun.objects.values_list("state", flat=True)) == ["discarded", "suggested"]
    waiting = MatchingRun.objects.get(state="suggested")
    assert (waiting.pairs.count(), waiting.result["unmet"]) == (3, [])
    put_aside = MatchingRun.objects.get(state="discarded")
    assert [one["domain"] for one in put_aside.result["unmet"]] == ["chemical"]


def test_every_state_is_there():
    assert states(Submission) == {str(state) for state in State}
    assert states(Inquiry) == {str(state) for state in InquiryState}
    assert states(Designation) == {str(state) for state in DesignationState}
    assert states(Assignment) == {str(state) for state in AssignmentState}
    assert states(Assessment) == {str(state) for state in AssessmentState}
    assert states(PartnerProfile) == {str(state) for state in PartnerState}
    assert states(InformationRequest) == {str(state) for state in RequestState}
    assert states(Grant) == {str(state) for state in GrantState}
    assert states(Finding) == {str(state) for state in FindingState}


def test_the_cases_in_between_are_there():
    """Those that no state tells apart."""
    now = clock.now()
    half = Terms.objects.filter(submission__stored_state="acknowledged", lab_accepted_at__isnull=False)
    assert half.filter(government_accepted_at=None).exists()
    agreed = Submission.objects.in_state(State.AGREED, at=now)
    assert agreed.filter(access_provided_at__isnull=False, opens_at__gt=now).exists()
    assert agreed.filter(access_provided_at=None).exists()
    assert Submission.objects.filter(released_at__isnull=False, closed_at=None).exists()
    opened = Submission.objects.in_state(State.OPEN, at=now)
    busiest = opened.get(facts__model_name="Kestrel 5")
    seats = busiest.assignments.in_state("active", at=now)
    assert {seat.role for seat in seats} == {"lead", "reviewer"}
    assert len({seat.agency_id for seat in seats}) == 2
    # Ended on time with nothing assessed.
    bare = Submission.objects.in_state(State.ENDED, at=now).filter(assessments=None, released_at=None)
    assert bare.filter(opens_at__isnull=False).exists()
    deadlines = Counter(deadline.state for deadline in Deadline.objects.all())
    assert all(deadlines[state] for state in ("upcoming", "overdue", "met", "cancelled"))


def test_files_are_real_and_of_every_kind():
    types = set(DocumentVersion.objects.values_list("content_type", flat=True))
    assert types == {"text/markdown", "application/json", "application/pdf"}
    for version in DocumentVersion.objects.all()[:3]:
        with version.file.open("rb") as file:
            assert len(file.read()) == version.size


def test_what_a_lab_s_archive_opens_of_events_names_nobody_of_an_agency():
    """The parts of a case's events that are opened to its lab; who did it stays a hash (docs/adr/0024)."""
    people = set(
        User.objects.filter(memberships__organisation__kind=Kind.AGENCY).values_list("pk", flat=True)
    )
    opened = Event.objects.filter(case_id__isnull=False, subject_type__in=records.OPENED)
    named = {
        (event.subject_type, event.verb)
        for event in opened
        if any(str(person) in json.dumps(event.data) for person in people)
    }
    assert len(people) > 5
    assert opened.filter(kind="change").count() > 20
    assert named == set()


def test_its_history_is_told_in_order_and_verifies():
    call_command("verify_ledger", stdout=StringIO())
    assert sealing.seal_new_events() > Event.objects.count() - 5
    call_command("verify_ledger", stdout=StringIO())
    when = list(Event.objects.order_by("seq").values_list("at", flat=True))
    assert when == sorted(when)
    assert when[-1] <= clock.now()
    assert Event.objects.filter(kind="look").exists()


def test_only_the_news_of_the_last_day_waits():
    recent = clock.now() - timedelta(days=1, minutes=5)
    waiting = Message.objects.filter(state="waiting")
    assert 0 < waiting.count() < 40
    assert not waiting.filter(created_at__lt=recent).exists()
    assert Message.objects.filter(state="sent", read_at__isnull=False).exists()
    # And no reminder of the past is caught up once the worker runs.
    assert planning.plan(at=clock.now()) == 0


def rows() -> dict[str, int]:
    return {model._meta.label: model.objects.count() for model in apps.get_models() if model._meta.managed}


def test_a_second_load_changes_nothing(demo):
    before, file = rows(), (demo / "demo.json").read_bytes()
    call_command("load_demo", force=True, stdout=StringIO())
    assert rows() == before
    assert (demo / "demo.json").read_bytes() == file


def test_a_lost_file_is_written_again_with_new_tokens(demo, said):
    kept = (demo / "demo.json").read_bytes()
    try:
        (demo / "demo.json").unlink()
        before = rows()
        call_command("load_demo", force=True, stdout=StringIO())
        after = json.loads((demo / "demo.json").read_text())
        changed = {name for name, number in rows().items() if number != before[name]}
        assert changed == {"ledger.Event", "deadlines.Message"}
        for old, new in zip(said["accounts"], after["accounts"], strict=True):
            assert old.pop("api_token") != new.pop("api_token")
            assert old == new
    finally:
        (demo / "demo.json").write_bytes(kept)


def test_deadlines_that_are_due_now_each_yield_messages(demo, mail_folder):
    before = set(Deadline.objects.values_list("pk", flat=True))
    sent_before = Message.objects.filter(state="sent").count()
    call_command("load_demo", force=True, due_reminders=60, stdout=StringIO())
    added = Deadline.objects.exclude(pk__in=before)
    assert added.count() == 60
    planning.plan(at=clock.now())
    told = Message.objects.filter(deadline__in=added)
    assert set(told.values_list("deadline", flat=True)) == set(added.values_list("pk", flat=True))
    assert set(told.values_list("offset", flat=True)) == {0}
    delivery.deliver_due()
    assert not told.exclude(state="sent").exists()
    assert len(list(mail_folder.glob("*.eml"))) == Message.objects.filter(state="sent").count() - sent_before


@pytest.mark.parametrize(
    ("changed", "environment", "words"),
    [
        ({"PORTAL_TESTING": False, "PORTAL_DEMO": False}, {}, "production"),
        ({}, {"PORTAL_DEMO": "0"}, "DATABASE_URL"),
        ({}, {}, "DATABASE_URL"),
    ],
)
def test_it_stays_out_of_real_databases(monkeypatch, changed, environment, words):
    monkeypatch.delenv("PORTAL_DEMO", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    before = rows()
    with override_settings(**changed), pytest.raises(CommandError, match=words):
        call_command("load_demo", stdout=StringIO())
    assert rows() == before


def test_not_even_force_makes_it_in_production():
    with (
        override_settings(PORTAL_TESTING=False, PORTAL_DEMO=False),
        pytest.raises(CommandError, match="production"),
    ):
        call_command("load_demo", force=True, stdout=StringIO())


def test_everything_that_happened_to_cases_has_words_of_its_own():
    houses = ("submissions.", "reviews.", "partners.")
    happened = {
        (event.subject_type, event.verb)
        for event in Event.objects.all()
        if event.subject_type.startswith(houses)
    }
    known = {*words.CHANGES, *((subject, verb) for subject, verb in happened if verb in words.LOOKS)}
    assert len(happened) > 50
    assert happened - known == set()


def test_what_can_wait_for_a_daily_mail_was_told_to_people_whom_the_audience_admits():
    """Else it would never be mailed to them: what is held is told to those alone who may still know of the case."""
    essential = [kind.key for kind in registry.NOTICES.values() if kind.essential]
    news = Message.objects.filter(case_id__isnull=False, deadline=None).exclude(kind__in=essential)
    told = {(message.kind, message.pk): message for message in news}
    assert len({kind for kind, _ in told}) > 20
    moments = defaultdict(list)
    for message in told.values():
        moments[message.created_at].append(message.pk)
    known = set().union(*(planning.still_known(ids, at=at) for at, ids in moments.items()))
    assert {kind for kind, pk in told if pk not in known} == set()
