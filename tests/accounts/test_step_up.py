"""The second factor once more: before secrets are revealed, material is taken along, a designation is recorded or confirmed."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal import clock
from portal.accounts.models import Role
from portal.ledger.models import Event
from reviews.models import Designation
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.accounts.doors import code, sign_in
from tests.accounts.passkeys import Passkey
from tests.api.calls import Caller
from tests.factories_findings import Reported
from tests.factories_partners import GrantCase
from tests.lint import doors

pytestmark = pytest.mark.django_db
CODE_PAGE = "/account/2fa/reauthenticate/"
LATE = 601


@pytest.fixture
def time():
    """At the factories' own time, so that their cases are open."""
    with time_machine.travel(make.NOW + 21 * make.DAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def case():
    return reviewing.Reviewed()


def late(user, time) -> Client:
    """Signed in with both factors, eleven minutes ago."""
    client = sign_in(user)
    time.shift(LATE)
    return client


def asked(answer) -> str:
    """Where the page that asks for the second factor leads afterwards, through the page that says that it was enough."""
    assert answer.status_code == 303
    page = urlsplit(answer["Location"])
    assert page.path == CODE_PAGE
    between = urlsplit(parse_qs(page.query)["next"][0])
    assert between.path == "/account/confirmed/"
    return parse_qs(between.query)["next"][0]


def confirm(client: Client, answer, digits: str) -> Client:
    """Enter the code where one was sent, and follow to where that leads."""
    query = parse_qs(urlsplit(answer["Location"]).query)
    return client.post(CODE_PAGE, {"code": digits, "next": query["next"][0]}, follow=True)


# --- what asks ------------------------------------------------------------------------------------------------------------


def doors_of(case, granted, finding) -> dict[str, tuple]:
    """Every web door that gives or reveals: (person, method, address)."""
    number, pk = case.submission.case_number, case.submission.pk
    draft = reviewing.draft(case, at=clock.now())
    reviewing.shared(case, at=clock.now())
    lists = [
        ("POST", reverse(f"admin:{name}_export"))
        for name in (
            "submissions_submission",
            "reviews_designation",
            "partners_grant",
            "submissions_legalhold",
        )
    ]
    found = [
        (case.contributor, "GET", reverse("lab:take_along", args=[number])),
        (case.contributor, "GET", reverse("lab:receipt_pdf", args=[number])),
        (case.contributor, "GET", reverse("lab:export_record", args=[number, "looks.csv"])),
        (case.contributor, "GET", reverse("lab_reviews:report", args=[number])),
        (case.contributor, "POST", reverse("lab:reveal", args=[number])),
        (granted.contributor, "POST", granted.lab_reveal),
        (granted.partner.member, "POST", reverse("partner:reveal", args=[granted.grant.pk])),
        (finding.reporter_person, "GET", finding.advisory),
        (case.reviewer, "POST", reverse("admin:submissions_submission_reveal_instructions", args=[pk])),
        (case.reviewer, "POST", reverse("admin:reviews_assessment_evidence_csv", args=[draft.pk])),
        (case.coordinator, "GET", reverse("admin:reviews_assessment_report", args=[pk])),
        (case.coordinator, "POST", reverse("admin:figures_file", args=["csv"])),
        (case.coordinator, "POST", reverse("admin:figures_file", args=["pdf"])),
        *[(case.coordinator, *one) for one in lists],
    ]
    return {f"{method} {url}": (person, method, url) for person, method, url in found}


def test_nothing_is_given_or_revealed_ten_minutes_after_the_second_factor(case, time):
    granted = GrantCase()
    granted.agree()
    granted.lab_reveal = reverse(
        "lab_partners:reveal", args=[granted.submission.case_number, granted.grant.pk]
    )
    finding = Reported(reporter=granted.partner.organisation, submission=granted.submission, until="report")
    finding.reporter_person = granted.partner.admin
    finding.advisory = reverse("partner:finding_file", args=[finding.finding.pk, "csaf"])
    refused, given = {}, {}
    for name, (person, method, url) in doors_of(case, granted, finding).items():
        client = Client()
        client.force_login(person)
        given[name] = client.generic(method, url).status_code
        client = Client()
        client.force_login(person)
        time.shift(LATE)
        before = Event.objects.count()
        answers = [client.generic(one, url) for one in dict.fromkeys((method, "HEAD", "GET", "POST"))]
        refused[name] = {a.get("Location", a.status_code) for a in answers if a.status_code not in (405,)}
        assert Event.objects.count() == before, name
    assert {name: status for name, status in given.items() if status != 200} == {}
    for name, seen in refused.items():
        assert all(str(one).startswith(CODE_PAGE) for one in seen), (name, seen)


def test_lint_finds_a_door_that_gives_without_asking():
    import ast

    bare = "@lab_page()\ndef take(request):\n    return giving.archive_of(case, actor=request.user)\n"
    held = bare.replace("def take", "@confirmed\ndef take")
    api = "@action(detail=True)\ndef archive(self, request):\n    return giving.archive_of(1)\n"
    assert [line for line, _ in doors.unasked(ast.parse(bare))] == [3]
    assert list(doors.unasked(ast.parse(held))) == []
    assert [line for line, _ in doors.unasked(ast.parse(api))] == [3]
    assert list(doors.unasked(ast.parse(api.replace("def archive", "@confirms\ndef archive")))) == []


# --- the way there and back ---------------------------------------------------------------------------------------------------


def test_from_a_page_with_its_button_to_the_code_and_back(case, time):
    client = late(case.contributor, time)
    page = reverse("lab:case", args=[case.submission.case_number])
    url = reverse("lab:take_along", args=[case.submission.case_number])
    answer = client.get(url, headers={"referer": f"http://testserver{page}?tab=2"})
    assert asked(answer) == f"{page}?tab=2"
    shown = client.get(answer["Location"]).content.decode()
    assert "Confirm that it is you" in shown
    assert "Use your password" not in shown
    back = confirm(client, answer, code())
    assert back.redirect_chain[-1] == (f"{page}?tab=2", 302)
    assert "Confirmed. Go on with what you wanted to do." in back.content.decode()
    assert client.get(url)["Content-Type"] == "application/zip"


def test_by_an_address_alone_one_comes_back_to_it(case, time):
    client = late(case.contributor, time)
    url = reverse("lab:take_along", args=[case.submission.case_number])
    assert asked(client.get(url)) == url


def test_another_site_is_no_page_to_come_back_to(case, time):
    client = late(case.contributor, time)
    url = reverse("lab:reveal", args=[case.submission.case_number])
    assert asked(client.post(url, headers={"referer": "https://evil.invalid/lab/"})) == "/"
    for there in ("https://evil.invalid/", "//evil.invalid/", "javascript:alert(1)"):
        assert client.get("/account/confirmed/", {"next": there})["Location"] == "/"
        query = {"code": code(), "next": there}
        assert "evil" not in client.post(CODE_PAGE, query).get("Location", "")


def test_the_password_is_not_enough(case, time):
    client = late(case.contributor, time)
    url = reverse("lab:take_along", args=[case.submission.case_number])
    client.post("/account/reauthenticate/", {"password": make.PASSWORD})
    assert asked(client.get(url)) == url
    # Nor is it offered, also to who types its address.
    answer = client.get(f"/account/reauthenticate/?next=/account/confirmed/%3Fnext={url}")
    assert answer["Location"].startswith(CODE_PAGE)


def test_a_code_that_was_used_to_sign_in_does_not_confirm(case, time):
    digits = code()
    client = sign_in(case.contributor, digits=digits)
    time.shift(25)
    answer = client.post(CODE_PAGE, {"code": digits})
    assert answer.context["form"].errors["code"]


def test_a_sign_in_just_now_is_enough(case, time):
    client = sign_in(case.contributor)
    time.shift(599)
    url = reverse("lab:take_along", args=[case.submission.case_number])
    assert client.get(url).status_code == 200


def test_a_clock_that_went_back_confirms_nobody(case, time):
    client = sign_in(case.contributor)
    record = client.session
    record["account_authentication_methods"][-1]["at"] += 3600
    record.save()
    url = reverse("lab:take_along", args=[case.submission.case_number])
    assert asked(client.get(url)) == url


def test_who_may_not_is_told_nothing_by_being_asked(case, time):
    """A stranger is answered alike for a case there is and one there is not, before and after confirming."""
    stranger = late(make.member(make.lab(), Role.ADMIN), time)
    urls = [reverse("lab:take_along", args=[n]) for n in (case.submission.case_number, "EA-1999-0001")]
    assert [asked(stranger.get(url)) for url in urls] == urls
    confirm(stranger, stranger.get(urls[0]), code())
    assert [stranger.get(url).status_code for url in urls] == [404, 404]
    assert Client().get(urls[0])["Location"].startswith("/account/login/")


# --- designations -----------------------------------------------------------------------------------------------------------


def record_form(lab) -> dict[str, str]:
    return {
        "lab": str(lab.pk),
        "subject": "Kestrel 7",
        "outcome": "covered",
        "basis": "Typed for a quarter of an hour.",
        "key": "5f0f3f6c-58a0-4c0e-9a51-111111111111",
    }


def test_a_designation_is_recorded_after_confirming_and_nothing_typed_is_lost(time):
    lab, user = make.lab(), reviewing.designator()
    client, url = sign_in(user), reverse("admin:reviews_designation_add")
    assert client.get(url).status_code == 200
    time.shift(LATE)
    # Who opens the form is asked before a word is typed.
    assert asked(client.get(url)) == url
    refused = client.post(url, record_form(lab))
    text = refused.content.decode()
    assert refused.status_code == 403
    assert "Typed for a quarter of an hour." in text
    assert "Confirm that it is you first" in text
    assert " data-interrupted" in text
    assert not Designation.objects.exists()
    client.post(CODE_PAGE, {"code": code()})
    assert client.post(url, record_form(lab)).status_code == 303
    assert Designation.objects.get().subject == "Kestrel 7"


def test_a_designation_is_confirmed_after_confirming_oneself(time):
    first, second = reviewing.designator(), reviewing.designator()
    designation = reviewing.designation(first, make.lab())
    client, url = late(second, time), reverse("admin:reviews_designation_confirm", args=[designation.pk])
    assert asked(client.get(url)) == url
    assert client.post(url).status_code == 403
    assert Designation.objects.get().confirmed_at is None
    client.post(CODE_PAGE, {"code": code()})
    assert client.post(url).status_code == 303
    designation = Designation.objects.for_workbench().get()
    assert designation.confirmed_at is not None


# --- others' accounts -------------------------------------------------------------------------------------------------------


def test_how_another_signs_in_is_changed_after_confirming_oneself(time):
    root, pia = make.person("Root", is_superuser=True), make.person("Pia")
    shut = make.person("Shut", is_active=False)
    before, sessions = pia.email, sign_in(pia)
    steps = {
        reverse("admin:accounts_user_add"): {"email": "new@example.invalid", "name": "New"},
        reverse("admin:accounts_user_change_address", args=[pia.pk]): {"email": "moved@example.invalid"},
        reverse("admin:accounts_user_end_sessions_of", args=[pia.pk]): {"reason": "lost"},
        reverse("admin:accounts_user_reset_second_factor", args=[pia.pk]): {"reason": "lost"},
        reverse("admin:accounts_user_reactivate_person", args=[shut.pk]): {},
    }
    client = late(root, time)
    events = Event.objects.count()
    for url, typed in steps.items():
        assert asked(client.get(url)) == url
        refused = client.post(url, typed)
        text = refused.content.decode()
        assert refused.status_code == 403, url
        assert "Confirm that it is you first" in text
        assert all(value in text for value in typed.values())
    pia.refresh_from_db()
    assert (pia.email, pia.has_second_factor, Event.objects.count()) == (before, True, events)
    assert sessions.get("/account/profile/").status_code == 200
    client.post(CODE_PAGE, {"code": code()})
    assert [client.post(url, typed).status_code for url, typed in list(steps.items())[::-1]] == [303] * 5


# --- the API ------------------------------------------------------------------------------------------------------------------


def test_a_session_is_given_no_more_by_the_api_and_a_token_what_its_scope_says(case, time):
    client = late(case.contributor, time)
    for path in ("archive/", "receipt/", "record/looks.csv/"):
        url = f"/api/v1/submissions/{case.submission.pk}/{path}"
        answer = client.get(url) if client.get(url).status_code != 404 else client.get(url.rstrip("/"))
        assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_required"), path
        assert answer["Content-Type"] == "application/problem+json"
    answer = client.post(f"/api/v1/submissions/{case.submission.pk}/reveal_instructions/")
    assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_required")
    assert client.get(f"/api/v1/submissions/{case.submission.pk}/").status_code == 200
    assert Caller(case.contributor).get(f"submissions/{case.submission.pk}/archive/").status_code == 200
    client.post(CODE_PAGE, {"code": code()})
    assert client.get(f"/api/v1/submissions/{case.submission.pk}/archive/").status_code == 200


def test_a_session_records_and_confirms_no_designation_by_the_api_unconfirmed(time):
    first, second, lab = reviewing.designator(), reviewing.designator(), make.lab()
    designation = reviewing.designation(first, lab)
    client = late(second, time)
    body = {"lab": str(lab.pk), "subject": "K", "outcome": "covered", "basis": "B"}
    answers = [
        client.post("/api/v1/designations/", body, "application/json"),
        client.post(f"/api/v1/designations/{designation.pk}/confirm/"),
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(403, "confirmation_required")] * 2
    assert Caller(second).post(f"designations/{designation.pk}/confirm/").status_code == 200


# --- passkeys -----------------------------------------------------------------------------------------------------------------


def test_who_has_a_passkey_is_asked_for_it_and_comes_back(case, time):
    ada = case.contributor
    client = sign_in(ada)
    client.post("/account/reauthenticate/", {"password": make.PASSWORD})
    passkey = Passkey().enrolled(client)
    time.shift(LATE)
    url = reverse("lab:take_along", args=[case.submission.case_number])
    answer = client.get(url)
    assert answer["Location"].startswith("/account/2fa/webauthn/reauthenticate/?next=")
    then = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    done = passkey.confirm(client, ada, then=then)
    assert done["Location"] == then
    assert client.get(url).status_code == 200


def test_anothers_passkey_confirms_nobody(case, time):
    ada, eve = case.contributor, make.member(case.lab, Role.VIEWER, "Eve")
    keys = {}
    for user in (ada, eve):
        client = sign_in(user)
        client.post("/account/reauthenticate/", {"password": make.PASSWORD})
        keys[user.pk] = Passkey().enrolled(client)
        client.post("/account/logout/")
    time.shift(timedelta(minutes=2))
    client = late(ada, time)
    url = reverse("lab:take_along", args=[case.submission.case_number])
    for claims in (ada, eve):
        keys[eve.pk].confirm(client, claims)
        assert client.get(url).status_code == 303
    keys[ada.pk].confirm(client, ada)
    assert client.get(url).status_code == 200
