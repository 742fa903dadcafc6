"""The first page, and the address that leads each person to their own page of a case."""

import pytest
from django.test import Client

from portal.accounts.models import Kind, Membership, Role
from tests import factories
from tests.accounts.test_pages import queries
from tests.site.test_notices import client_of, tell

pytestmark = pytest.mark.django_db


def test_the_public_page_asks_for_the_programmes_name_alone_and_says_what_this_is():
    # The newest version of the programme's settings; who is signed in has it with their own row.
    assert queries(Client(), "/") == 1
    text = Client().get("/").content.decode()
    assert "Taking part is voluntary" in text
    assert "Sign in" in text


def test_no_page_speaks_of_leave_to_release():
    import re

    text = re.sub(r"<[^>]+>", " ", Client().get("/").content.decode()).lower()
    said = [word for word in ("approv", "deni", "deny", "authoris", "authoriz") if word in text]
    assert said == []


@pytest.mark.parametrize(
    ("kind", "role", "areas"),
    [
        (Kind.LAB, Role.VIEWER, ["/lab/"]),
        (Kind.AGENCY, Role.REVIEWER, ["/admin/"]),
        (Kind.PARTNER, Role.MEMBER, ["/partner/"]),
    ],
)
def test_tiles_and_navigation_follow_the_seats(kind, role, areas):
    page = client_of(factories.member(factories.organisation(kind), role)).get("/")
    assert [tile.url for tile in page.context["tiles"]] == areas
    assert [link.url for link in page.context["portal"].links] == areas


def test_a_person_of_all_three_sides_has_all_three():
    user = factories.member(factories.lab(), Role.VIEWER)
    for organisation, role in (
        (factories.agency(), Role.LIAISON),
        (factories.partner_organisation(), Role.MEMBER),
    ):
        Membership.objects.create(user=user, organisation=organisation, role=role, since=factories.NOW)
    assert [t.url for t in client_of(user).get("/").context["tiles"]] == ["/lab/", "/admin/", "/partner/"]


def test_a_person_without_a_role_is_told_so():
    page = client_of(factories.person()).get("/")
    assert "You have no role yet" in page.content.decode()


def test_home_costs_the_same_for_one_and_thirty():
    user = factories.member(factories.lab(), Role.ADMIN)
    client = client_of(user)
    tell(user)
    few = queries(client, "/")
    tell(user, 29)
    # Session, person, latest notices, invitations, what is due, badge.
    assert (few, queries(client, "/")) == (6, 6)


def test_a_case_address_leads_everyone_to_their_own_page():
    case = factories.Case(factories.submitted)
    number = case.submission.case_number
    assert client_of(case.contributor).get(f"/case/{number}/")["Location"] == f"/lab/cases/{number}/"
    assert (
        client_of(case.coordinator).get(f"/case/{number}/")["Location"]
        == f"/admin/submissions/submission/{case.submission.pk}/change/"
    )


def test_a_case_address_is_nothing_to_a_stranger():
    case = factories.Case(factories.submitted)
    strangers = [
        factories.member(factories.lab(), Role.ADMIN),
        factories.member(factories.agency(), Role.REVIEWER),
        factories.member(factories.partner_organisation(), Role.ADMIN),
        factories.person(is_superuser=True),
    ]
    for user in strangers:
        client = client_of(user)
        real, made_up = client.get(f"/case/{case.submission.case_number}/"), client.get("/case/FM-0000-0000/")
        assert (real.status_code, made_up.status_code) == (404, 404)
        assert case.submission.case_number not in real.content.decode()


def test_pages_of_errors_carry_the_frame():
    page = client_of(factories.person()).get("/nothing/")
    assert page.status_code == 404
    assert "There is no such page" in page.content.decode()


@pytest.mark.parametrize("demo", [True, False])
def test_a_demonstration_says_so_on_every_page(settings, demo):
    settings.PORTAL_DEMO = demo
    for path in ("/", "/account/login/", "/nothing/"):
        assert ("This is not a government website" in Client().get(path).content.decode()) is demo
