"""Accounts in the admin: superusers act, the programme office's coordinators read, nobody else finds them."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Affiliation, Membership, Organisation, Role, User
from tests import factories

pytestmark = pytest.mark.django_db
LISTS = ("user", "organisation", "membership", "invitation")


def at_desk(user) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def url(page: str, *args) -> str:
    return reverse(f"admin:accounts_{page}", args=args)


@pytest.fixture
def root():
    return factories.person("Sid", is_superuser=True)


def test_who_opens_the_lists(root):
    lab = factories.lab()
    people = {
        root: 200,
        factories.coordinator(): 200,
        factories.member(factories.agency(), Role.COORDINATOR): 403,
        factories.member(factories.agency(), Role.REVIEWER): 403,
        factories.member(lab, Role.ADMIN): 404,
    }
    for user, status in people.items():
        client = at_desk(user)
        found = {client.get(url(f"{name}_changelist")).status_code for name in LISTS}
        assert found == {status}, user


def test_a_coordinator_reads_and_changes_nothing():
    coordinator, person = factories.coordinator(), factories.person("Pia")
    client = at_desk(coordinator)
    page = client.get(url("user_change", person.pk)).content.decode()
    assert "Pia" in page
    assert "Close the account" not in page
    assert client.post(url("user_deactivate_person", person.pk), {"reason": ""}).status_code == 403
    assert client.get(url("user_add")).status_code == 403
    person.refresh_from_db()
    assert person.is_active


def test_a_superuser_sees_no_lab_material(root):
    case = factories.Case(factories.submitted)
    client = at_desk(root)
    home = client.get("/admin/").content.decode()
    assert case.submission.case_number not in home
    assert client.get(reverse("admin:submissions_submission_changelist")).status_code in (403, 404)
    assert (
        client.get(reverse("admin:submissions_submission_change", args=[case.submission.pk])).status_code
        == 404
    )
    assert client.get(f"/case/{case.submission.case_number}/").status_code == 404


def test_making_an_account_an_organisation_and_its_first_administrator(root):
    client = at_desk(root)
    client.post(url("user_add"), {"email": "Zoe@Example.invalid", "name": "Zoe"})
    client.post(url("organisation_add"), {"kind": "lab", "name": "New Lab", "short_name": "NL"})
    zoe, lab = User.objects.get(name="Zoe"), Organisation.objects.get()
    client.post(url("organisation_add_member", lab.pk), {"user": zoe.email, "role": "admin"})
    assert (zoe.email, zoe.is_superuser) == ("zoe@example.invalid", False)
    assert list(Membership.objects.values_list("user", "organisation", "role")) == [(zoe.pk, lab.pk, "admin")]


def test_the_last_administrator_is_kept_here_too(root):
    admin = factories.member(factories.lab(), Role.ADMIN)
    page = at_desk(root).post(url("membership_end_membership", admin.memberships.get().pk), {"reason": ""})
    assert page.status_code == 409
    assert "would be left without an administrator" in page.content.decode()


def test_an_agencys_reviewer_gets_the_second_factor_reset(root):
    agent = factories.member(factories.agency(), Role.REVIEWER)
    at_desk(root).post(url("user_reset_second_factor", agent.pk), {"reason": "lost"})
    assert not User.objects.get(pk=agent.pk).has_second_factor


def test_a_changed_address_is_the_only_one_that_signs_in(root):
    from tests.accounts.doors import is_signed_in, sign_in

    person = factories.person()
    session, old = sign_in(person), person.email
    at_desk(root).post(url("user_change_address", person.pk), {"email": "moved@example.invalid"})
    person.refresh_from_db()
    assert person.email == "moved@example.invalid"
    assert not is_signed_in(session)
    login = Client().post("/account/login/", {"login": old, "password": factories.PASSWORD})
    assert login.status_code == 200


def test_recording_an_affiliation(root):
    person, lab = factories.person(), factories.lab()
    client = at_desk(root)
    values = {"user": person.email, "organisation": lab.pk, "since": "2024-01-01", "until": "2023-01-01"}
    assert list(client.post(url("affiliation_add"), values).context["form"].errors) == ["until"]
    client.post(url("affiliation_add"), values | {"until": ""})
    assert list(Affiliation.objects.values_list("user", "organisation")) == [(person.pk, lab.pk)]
