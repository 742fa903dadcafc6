"""How notices come by mail, as a page and by the API; and the link that ends the daily mail without signing in."""

import pytest
import time_machine
from django.core.signing import Signer
from django.test import Client

from portal.accounts.models import Role
from portal.deadlines import actions, preferences, unsubscribing
from portal.deadlines.models import NoticePreference
from portal.errors import Invalid
from portal.ledger.models import Event
from tests import factories
from tests.accounts.test_pages import queries
from tests.api.calls import NOT_FOUND, Caller, counted, problem, refused
from tests.site.test_notices import client_of

pytestmark = pytest.mark.django_db
PAGE = "/notices/settings/"


def member(kind: str, role: str):
    return factories.member(factories.organisation(kind), role)


@pytest.fixture
def ada():
    return member("lab", Role.CONTRIBUTOR)


def chosen(person) -> dict:
    return dict(NoticePreference.objects.filter(person=person).values_list("group", "delivery"))


# --- The page ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "role", "groups", "always"),
    [
        (
            "lab",
            Role.CONTRIBUTOR,
            {"reminders", "steps", "questions", "readings", "reviews", "inquiries", "grants", "findings"},
            ["account", "disclosures", "break_glass"],
        ),
        # Who only reads is reminded of nothing.
        (
            "lab",
            Role.VIEWER,
            {"steps", "questions", "readings", "reviews", "inquiries", "grants", "findings"},
            ["account", "disclosures", "break_glass"],
        ),
        (
            "agency",
            Role.COORDINATOR,
            {
                "reminders",
                "steps",
                "questions",
                "readings",
                "reviews",
                "inquiries",
                "grants",
                "partners",
                "findings",
            },
            ["account", "disclosures", "break_glass"],
        ),
        ("partner", Role.MEMBER, {"reminders", "grants", "partners", "findings"}, ["account"]),
    ],
)
def test_each_side_chooses_for_what_it_can_be_told(kind, role, groups, always):
    page = client_of(member(kind, role)).get(PAGE)
    assert set(page.context["form"].fields) == groups
    assert [choice.key for choice in page.context["always"]] == always
    assert {page.context["form"][group].value() for group in groups} == {"at_once"}


def test_a_group_says_what_is_in_it_and_what_comes_at_once_all_the_same(ada):
    text = client_of(ada).get(PAGE).content.decode()
    assert "Submitted, Acknowledged, Correction asked for" in text
    assert (
        "Always at once: Malware found, Spill reported, Spill lifted, Content removed, Access provided, Access window opened"
        in text
    )
    assert "Always at once: Your account, Invitation" in text


@pytest.mark.parametrize(
    ("kind", "role", "reminders"),
    [
        (
            "lab",
            Role.CONTRIBUTOR,
            (
                "Provide access (optional), Access window closes, Answer a question, Grant starts, Grant expires, "
                "Answer a finding, Disclosure date"
            ),
        ),
        (
            "agency",
            Role.REVIEWER,
            (
                "Access window closes, Confirm your conflicts and ties, Attest the assignment, Draft feedback, Final feedback, "
                "Acknowledge the inquiry, "
                "Disclosure date"
            ),
        ),
        ("partner", Role.MEMBER, "Your grant starts, Your grant expires, Disclosure date"),
    ],
)
def test_nobody_reads_of_reminders_that_only_others_get(kind, role, reminders):
    (choice,) = [one for one in preferences.choices_of(member(kind, role)) if one.key == "reminders"]
    assert (", ".join(choice.follow), choice.essential) == (reminders, ())


@time_machine.travel(factories.NOW, tick=False)
def test_the_page_says_when_the_next_daily_mail_leaves(ada):
    assert "15 Sep 2026, 8:00 a.m. EDT" in client_of(ada).get(PAGE).content.decode()


def test_without_a_role_there_is_nothing_to_choose():
    text = client_of(factories.person()).get(PAGE).content.decode()
    assert "Nothing to choose" in text
    assert '<form method="post" class="portal-form"' not in text


def test_choosing_is_saved_and_shown(ada):
    client, other = client_of(ada), member("lab", Role.ADMIN)
    wanted = {
        "reminders": "daily",
        "steps": "off",
        "questions": "at_once",
        "readings": "at_once",
        "reviews": "at_once",
        "inquiries": "at_once",
        "grants": "daily",
        "findings": "at_once",
    }
    assert client.post(PAGE, wanted)["Location"] == PAGE
    page = client.get(PAGE)
    assert {group: page.context["form"][group].value() for group in wanted} == wanted
    assert (chosen(ada), chosen(other)) == ({"reminders": "daily", "steps": "off", "grants": "daily"}, {})


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"steps": "never"}, "steps", "Choose one of the three."),
        ({"steps": ""}, "steps", "Choose how these come."),
    ],
)
def test_a_wrong_choice_is_told_beside_its_group_and_nothing_is_saved(ada, changed, field, words):
    form = {
        "reminders": "daily", "steps": "off", "questions": "off", "readings": "off", "reviews": "off", "inquiries": "off",
        "grants": "off", "findings": "off",
    }  # fmt: skip
    page = client_of(ada).post(PAGE, form | changed)
    assert page.context["form"].errors == {field: [words]}
    assert page.context["form"]["reminders"].value() == "daily"
    assert chosen(ada) == {}


def test_what_is_essential_has_no_field_to_post(ada):
    form = dict.fromkeys(
        ("reminders", "steps", "questions", "readings", "reviews", "inquiries", "grants", "findings"),
        "at_once",
    )
    client_of(ada).post(PAGE, form | {"account": "off", "digest": "off", "partners": "off"})
    assert chosen(ada) == {}


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("partners", "You are told of no such messages."),
        ("no-such", "You are told of no such messages."),
        ("account", "These messages always come at once."),
    ],
)
def test_nobody_chooses_for_what_they_are_not_told_or_cannot_put_off(ada, group, words):
    with pytest.raises(Invalid, match=words):
        actions.choose_delivery(actor=ada, deliveries={"steps": "off", group: "off"})
    assert chosen(ada) == {}


def test_one_choice_and_all_of_them_cost_the_same(ada):
    client = client_of(ada)
    actions.choose_delivery(actor=ada, deliveries={"steps": "off"})
    few = queries(client, PAGE)
    actions.choose_delivery(actor=ada, deliveries=dict.fromkeys(("reminders", "reviews", "grants"), "daily"))
    # Session, person, choices, quiet hours, absences, badge.
    assert (few, queries(client, PAGE)) == (6, 6)


def test_the_notices_page_leads_there(ada):
    client = client_of(ada)
    assert f'href="{PAGE}">What comes by mail' in client.get("/notices/").content.decode()
    assert f'href="{PAGE}"' in client.get("/account/profile/").content.decode()


# --- The API ------------------------------------------------------------------------------------------------------------------


def test_a_program_reads_and_chooses_for_its_own_person(ada):
    caller, other = Caller(ada), member("lab", Role.ADMIN)
    actions.choose_delivery(actor=other, deliveries={"steps": "off"})
    rows = caller.results("notice-settings/")
    assert [row["id"] for row in rows] == [
        "reminders", "steps", "questions", "readings", "reviews", "inquiries", "grants", "findings", "account",
        "disclosures", "break_glass",
    ]  # fmt: skip
    assert {row["delivery"] for row in rows} == {"at_once"}
    answer = caller.patch("notice-settings/steps/", {"delivery": "daily"})
    assert (answer.status_code, answer.json()) == (200, caller.get("notice-settings/steps/").json())
    assert answer.json() == {
        "id": "steps",
        "label": "Steps on a case",
        "delivery": "daily",
        "follow": [
            "Submitted",
            "Acknowledged",
            "Correction asked for",
            "Facts corrected",
            "Access terms proposed",
            "Access terms accepted",
            "Access terms agreed",
            "Document added",
            "Version added",
            "Marking changed",
            "Evaluations added",
            "Attested",
        ],
        "essential": [
            "Malware found",
            "Spill reported",
            "Spill lifted",
            "Content removed",
            "Access provided",
            "Access window opened",
            "Access window ended",
            "Dates moved",
            "Released",
            "Withdrawn",
            "Closed",
            "Files disposed of",
        ],
    }
    assert (chosen(ada), chosen(other)) == ({"steps": "daily"}, {"steps": "off"})


def test_what_the_api_refuses(ada):
    caller = Caller(ada)
    refused(
        caller.patch("notice-settings/account/", {"delivery": "off"}),
        problem(
            400,
            "Bad Request",
            "essential",
            "These messages always come at once.",
            errors={"account": ["These messages always come at once."]},
        ),
    )
    assert caller.patch("notice-settings/steps/", {"delivery": "never"}).json()["errors"].keys() == {
        "delivery"
    }
    assert caller.patch("notice-settings/steps/", {"deliver": "off"}).json()["errors"].keys() == {"deliver"}
    for path in ("partners", "digest", "no-such"):
        refused(caller.patch(f"notice-settings/{path}/", {"delivery": "off"}), NOT_FOUND)
        refused(caller.get(f"notice-settings/{path}/"), NOT_FOUND)
    assert Client().get("/api/v1/notice-settings/").status_code == 401
    assert caller.post("notice-settings/steps/", {"delivery": "off"}).status_code == 405
    assert chosen(ada) == {}


def test_the_list_costs_the_same_whatever_was_chosen(ada):
    caller = Caller(ada)
    for number in (1, 4):
        actions.choose_delivery(
            actor=ada,
            deliveries=dict.fromkeys(("steps", "reminders", "reviews", "grants")[:number], "daily"),
        )
        # Clock, token with its person and their memberships, choices.
        with counted(3):
            caller.get("notice-settings/")


# --- The link in the daily mail -----------------------------------------------------------------------------------------------


def link(person) -> str:
    return f"/notices/unsubscribe/{unsubscribing.token(person)}/"


@pytest.fixture
def daily(ada):
    actions.choose_delivery(actor=ada, deliveries={"steps": "daily", "reminders": "daily", "grants": "off"})
    return ada


def test_following_it_changes_nothing_and_shows_one_button(daily):
    before = chosen(daily)
    client = Client(enforce_csrf_checks=True)
    for answer in (client.get(link(daily)), client.head(link(daily))):
        assert answer.status_code == 200
        assert answer.cookies == {}
    text = client.get(link(daily)).content.decode()
    assert text.count('<button type="submit"') == 1
    assert daily.email not in text
    assert daily.name not in text
    assert chosen(daily) == before
    assert not Event.objects.filter(verb="unsubscribed").exists()


@pytest.mark.parametrize("body", [{"List-Unsubscribe": "One-Click"}, {}])
def test_posting_to_it_ends_the_daily_mail_without_signing_in(daily, body):
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(link(daily), body)
        assert (answer.status_code, answer.cookies) == (200, {})
        assert "The daily mail has ended" in answer.content.decode()
    assert chosen(daily) == {"steps": "off", "reminders": "off", "grants": "off"}
    assert [event.actor for event in Event.objects.filter(verb="unsubscribed")] == [daily]


def test_it_ends_its_own_persons_mail_whoever_is_signed_in(daily):
    other = member("lab", Role.ADMIN)
    actions.choose_delivery(actor=other, deliveries={"steps": "daily"})
    client_of(other).post(link(daily))
    assert chosen(other) == {"steps": "daily"}
    assert chosen(daily)["steps"] == "off"


def test_no_other_link_opens_anything(daily):
    other = member("lab", Role.ADMIN)
    name, signature = unsubscribing.token(daily).split(".")
    wrong = [
        f"{other.pk.hex}.{signature}",
        f"{name}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"{name}.",
        name,
        f"{daily.pk}.{signature}",
        "x" * 500,
        Signer(salt="portal.calendar", sep=".").sign(daily.pk.hex),
        Signer(salt="portal.notices.unsubscribe", sep=".").sign("no person"),
        Signer(salt="portal.notices.unsubscribe", sep=".").sign("0" * 32),
    ]
    for token in wrong:
        for answer in (
            Client().get(f"/notices/unsubscribe/{token}/"),
            Client().post(f"/notices/unsubscribe/{token}/"),
        ):
            assert answer.status_code == 404, token
    assert chosen(daily)["steps"] == "daily"
    daily.is_active = False
    daily.save()
    assert Client().post(link(daily)).status_code == 404
    assert chosen(daily)["steps"] == "daily"
