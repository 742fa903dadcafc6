"""The account pages: one literal query count whatever the number of rows, 404 for strangers, typed text kept."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts import actions
from portal.accounts.models import Role
from tests import factories
from tests.accounts.doors import sign_in

pytestmark = pytest.mark.django_db
NOISE = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SET ", "SELECT clock_offset")


def queries(client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    return len([query for query in captured.captured_queries if not query["sql"].startswith(NOISE)])


@pytest.fixture
def lab():
    return factories.lab()


@pytest.fixture
def admin(lab):
    return factories.member(lab, Role.ADMIN, "Ada")


def test_people_of_an_organisation_cost_the_same_for_one_and_thirty(lab, admin):
    client, url = sign_in(admin), f"/account/organisation/{lab.pk}/"
    factories.member(lab, Role.VIEWER)
    actions.invite(actor=admin, organisation=lab, email="a@example.invalid", name="A", role=Role.VIEWER)
    few = queries(client, url)
    for number in range(29):
        factories.member(lab, Role.VIEWER)
        actions.invite(
            actor=admin, organisation=lab, email=f"{number}@example.invalid", name="B", role=Role.VIEWER
        )
    # Session, person, organisation, page with its count, invitations, notices.
    assert (few, queries(client, url)) == (6, 6)


def test_tokens_cost_the_same_for_one_and_twenty(admin):
    client = sign_in(admin)
    actions.create_token(actor=admin, name="one", lifetime=factories.DAY)
    few = queries(client, "/account/tokens/")
    for _ in range(19):
        actions.create_token(actor=admin, name="more", lifetime=factories.DAY)
    # Session, person, tokens, notices.
    assert (few, queries(client, "/account/tokens/")) == (4, 4)


def test_long_lists_of_people_have_pages(lab, admin):
    for _ in range(30):
        factories.member(lab, Role.VIEWER)
    client = sign_in(admin)
    first = client.get(f"/account/organisation/{lab.pk}/")
    second = client.get(f"/account/organisation/{lab.pk}/?page=2")
    assert (len(first.context["page"].object_list), len(second.context["page"].object_list)) == (25, 6)


def test_strangers_find_nothing(lab, admin):
    membership = admin.memberships.get()
    invitation = actions.invite(
        actor=admin, organisation=lab, email="a@example.invalid", name="A", role=Role.VIEWER
    )
    viewer = factories.member(lab, Role.VIEWER)
    other_admin = factories.member(factories.lab(), Role.ADMIN)
    partner_admin = factories.member(factories.partner_organisation(), Role.ADMIN)
    coordinator = factories.coordinator()
    gets = [
        f"/account/organisation/{lab.pk}/",
        f"/account/organisation/{lab.pk}/invite/",
        f"/account/member/{membership.pk}/",
    ]
    posts = [
        f"/account/organisation/{lab.pk}/invite/",
        f"/account/organisation/{lab.pk}/invitations/{invitation.pk}/withdraw/",
        f"/account/member/{membership.pk}/role/",
        f"/account/member/{membership.pk}/end/",
    ]
    for user in (viewer, other_admin, partner_admin, coordinator):
        client = sign_in(user)
        assert {url: client.get(url).status_code for url in gets} == dict.fromkeys(gets, 404)
        assert {url: client.post(url).status_code for url in posts} == dict.fromkeys(posts, 404)


def test_what_was_typed_is_kept_beside_the_error(lab, admin):
    page = sign_in(admin).post(
        f"/account/organisation/{lab.pk}/invite/",
        {"email": "zoe at example", "name": "Zoe", "role": "viewer"},
    )
    text = page.content.decode()
    assert 'value="zoe at example"' in text
    assert 'aria-invalid="true" aria-describedby="id_email_error"' in text
    assert 'id="id_email_error"' in text


def test_ending_the_last_administrator_by_the_page_is_refused_with_words(lab, admin):
    page = sign_in(admin).post(
        f"/account/member/{admin.memberships.get().pk}/end/", {"end-reason": "I leave"}
    )
    assert page.status_code == 409
    assert page.context["end_form"].non_field_errors() == [
        f"{lab} would be left without an administrator. Make somebody else an administrator first."
    ]
    assert "I leave" in page.content.decode()


def test_ending_ones_own_role_leads_out(lab, admin):
    factories.member(lab, Role.ADMIN)
    client = sign_in(admin)
    assert client.post(f"/account/member/{admin.memberships.get().pk}/end/")["Location"] == "/"
    assert client.get("/")["Location"] if client.get("/").status_code == 302 else True


def test_profile(admin):
    client = sign_in(admin)
    assert client.post("/account/profile/", {"name": "Ada L.", "zone": "Europe/Paris"}).status_code == 303
    admin.refresh_from_db()
    assert (admin.name, admin.zone) == ("Ada L.", "Europe/Paris")
    refused = client.post("/account/profile/", {"name": "Ada", "zone": "Middle/Earth"})
    assert list(refused.context["form"].errors) == ["zone"]


def test_times_are_shown_in_the_readers_zone(admin):
    client = sign_in(admin)
    client.post("/account/profile/", {"name": "Ada", "zone": "Asia/Tokyo"})
    assert " JST" in client.get("/account/sessions/").content.decode()


def test_ending_other_sessions(admin):
    from tests.accounts.doors import code, is_signed_in

    other, mine = sign_in(admin), sign_in(admin, digits=code(steps=1))
    page = mine.get("/account/sessions/")
    assert len(page.context["sessions"]) == 2
    mine.post("/account/sessions/")
    assert (is_signed_in(mine), is_signed_in(other)) == (True, False)
