"""Nothing opens without a second factor: no page, no verb, no API call; and a lost one can be reset by the right people."""

import html

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import Organisation, Role
from portal.errors import AlreadyDone, NotAllowed
from portal.ledger.models import Event
from tests import factories
from tests.accounts.doors import code, enrol, is_signed_in, sign_in, signed_in_without
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer():
    user = factories.member(factories.lab(), Role.ADMIN, "Nia")
    Authenticator.objects.filter(user=user).delete()
    return user


@pytest.mark.parametrize(
    "path",
    ["/", "/lab/", "/notices/", "/account/profile/", "/account/tokens/", "/account/sessions/", "/admin/"],
)
def test_every_page_leads_to_enrolment(newcomer, path):
    answer = signed_in_without(newcomer).get(path)
    assert (answer.status_code, answer["Location"]) == (303, "/account/2fa/")


def test_no_verb_is_taken_before(newcomer):
    lab = Organisation.objects.get()
    answer = signed_in_without(newcomer).post(
        f"/account/organisation/{lab.pk}/invite/",
        {"email": "x@example.invalid", "name": "X", "role": "viewer"},
    )
    assert (answer.status_code, answer["Location"]) == (303, "/account/2fa/")
    assert not lab.invitations.exists()


def test_the_api_refuses_a_session_and_a_token_without(newcomer):
    answer = signed_in_without(newcomer).get("/api/v1/submissions/")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")

    ada = factories.member(factories.lab(), Role.ADMIN)
    _, secret = actions.create_token(actor=ada, name="script", lifetime=factories.DAY)
    headers = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/submissions/", headers=headers).status_code == 200
    Authenticator.objects.filter(user=ada).delete()
    assert Client().get("/api/v1/submissions/", headers=headers).status_code in (401, 403)


def test_secrets_are_sealed_at_rest():
    user = factories.person()
    assert factories.TOTP_SECRET not in str(Authenticator.objects.get(user=user).data)


def test_a_recovery_code_signs_in_once(newcomer):
    client = signed_in_without(newcomer)
    enrol(client)
    spare = client.get("/account/2fa/recovery-codes/").context["unused_codes"][0]
    assert is_signed_in(sign_in(newcomer, digits=spare))
    assert not is_signed_in(sign_in(newcomer, digits=spare))


def test_the_last_second_factor_cannot_be_removed(newcomer):
    client = signed_in_without(newcomer)
    enrol(client)
    answer = client.post("/account/2fa/totp/deactivate/")
    assert answer.context["form"].non_field_errors() == [
        "This is your only second factor. Add another one before you remove it."
    ]
    assert actions.second_factors_of(newcomer).count() == 1


def test_the_last_passkey_cannot_be_removed(newcomer):
    key = Authenticator.objects.create(user=newcomer, type="webauthn", data={"name": "laptop"})
    client = Client()
    client.force_login(newcomer, backend=settings.AUTHENTICATION_BACKENDS[0])
    assert client.post(f"/account/2fa/webauthn/keys/{key.pk}/remove/")["Location"] == "/account/2fa/webauthn/"
    assert actions.second_factors_of(newcomer).count() == 1


def test_nobody_removes_anothers_passkey(newcomer):
    owner = factories.person()
    key = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "laptop"})
    stranger = sign_in(factories.person())
    assert stranger.post(f"/account/2fa/webauthn/keys/{key.pk}/remove/").status_code == 404


# --- a lost second factor -----------------------------------------------------------------------------------------------


@pytest.fixture
def lab():
    return factories.lab()


@pytest.fixture
def admin(lab):
    return factories.member(lab, Role.ADMIN)


@pytest.fixture
def member(lab):
    return factories.member(lab, Role.CONTRIBUTOR)


def test_an_administrator_resets_it_and_everything_ends(admin, member):
    session = sign_in(member)
    actions.create_token(actor=member, name="script", lifetime=factories.DAY)
    actions.reset_second_factor(actor=admin, user=member, reason="lost phone", at=factories.NOW)
    assert not is_signed_in(session)
    assert not Authenticator.objects.filter(user=member).exists()
    assert not member.auth_token_set.exists()
    event = Event.objects.get(verb="reset_second_factor")
    assert (event.actor, event.subject_id, event.reason, event.data) == (
        admin,
        member.pk,
        "lost phone",
        {"removed": 1},
    )
    assert list(member.notices.order_by("created_at").values_list("kind", flat=True)) == [
        "second_factor_reset",
        "sign_in_changed",
    ]
    assert signed_in_without(member).get("/account/profile/")["Location"] == "/account/2fa/"


def test_twice_is_said(admin, member):
    actions.reset_second_factor(actor=admin, user=member)
    with pytest.raises(AlreadyDone):
        actions.reset_second_factor(actor=admin, user=member)


def test_who_may_not(lab, admin, member):
    elsewhere = factories.member(factories.lab(), Role.ADMIN)
    agent = factories.member(factories.agency(), Role.COORDINATOR)
    both = factories.member(lab, Role.VIEWER)
    factories.Membership.objects.create(
        user=both, organisation=factories.partner_organisation(), role=Role.MEMBER, since=factories.NOW
    )
    root = factories.person(is_superuser=True)
    for actor, user in [
        (member, admin),
        (elsewhere, member),
        (agent, member),
        (admin, admin),
        (admin, both),
        (admin, agent),
        (admin, root),
    ]:
        with pytest.raises(NotAllowed):
            actions.reset_second_factor(actor=actor, user=user)
    assert not Event.objects.filter(verb="reset_second_factor").exists()
    actions.reset_second_factor(actor=root, user=agent)


def test_through_the_page_after_the_password_is_asked_again(admin, member):
    client = sign_in(admin)
    membership = member.memberships.get()
    url = f"/account/member/{membership.pk}/second-factor/"
    asked = client.post(url, {"reset-reason": "lost phone"})
    assert asked["Location"].startswith("/account/reauthenticate/")
    done = client.post(asked["Location"], {"password": PASSWORD, "next": url})
    assert done.status_code == 303
    assert Event.objects.get(verb="reset_second_factor").reason == "lost phone"


# --- their sessions alone -------------------------------------------------------------------------------------------------


def test_an_administrator_ends_all_sessions_and_nothing_else(admin, member):
    sessions = [sign_in(member), sign_in(member, digits=code(steps=1))]
    actions.create_token(actor=member, name="script", lifetime=factories.DAY)
    assert actions.end_sessions_of(actor=admin, user=member, reason="left open", at=factories.NOW) == 2
    assert [is_signed_in(one) for one in sessions] == [False, False]
    assert (member.auth_token_set.count(), Authenticator.objects.filter(user=member).count()) == (1, 1)
    event = Event.objects.get(verb="ended_sessions_of")
    assert (event.actor, event.subject_id, event.reason, event.data) == (
        admin,
        member.pk,
        "left open",
        {"sessions": 2},
    )
    with pytest.raises(AlreadyDone):
        actions.end_sessions_of(actor=admin, user=member)
    assert is_signed_in(sign_in(member, digits=code(steps=-1)))


def test_who_may_not_reset_a_factor_ends_no_sessions(lab, admin, member):
    elsewhere = factories.member(factories.lab(), Role.ADMIN)
    root = factories.person(is_superuser=True)
    clients = [sign_in(one) for one in (admin, member, root)]
    for actor, user in [(member, admin), (elsewhere, member), (admin, admin), (admin, root)]:
        with pytest.raises(NotAllowed):
            actions.end_sessions_of(actor=actor, user=user)
    assert [is_signed_in(one) for one in clients] == [True, True, True]
    assert not Event.objects.filter(verb="ended_sessions_of").exists()


def test_sessions_end_by_the_page_after_the_password_is_asked_again(admin, member):
    theirs, client = sign_in(member), sign_in(admin)
    url = f"/account/member/{member.memberships.get().pk}/sessions/"
    asked = client.post(url, {"sessions-reason": "left open"})
    assert asked["Location"].startswith("/account/reauthenticate/")
    assert is_signed_in(theirs)
    done = client.post(asked["Location"], {"password": PASSWORD, "next": url})
    assert (done.status_code, is_signed_in(theirs)) == (303, False)
    assert "was signed out everywhere" in client.get(done["Location"]).content.decode()
    assert Event.objects.get(verb="ended_sessions_of").reason == "left open"
    again = client.post(url, {"sessions-reason": ""})
    assert (again.status_code, "is signed in nowhere" in again.content.decode()) == (409, True)


def test_a_superuser_ends_an_agents_sessions_on_the_workbench():
    root, agent = factories.person(is_superuser=True), factories.member(factories.agency(), Role.REVIEWER)
    theirs, client = sign_in(agent), sign_in(root)
    url = f"/admin/accounts/user/{agent.pk}/end_sessions_of/"
    assert "End the sessions" in client.get(url).content.decode()
    assert client.post(url, {"reason": "lost laptop"}).status_code == 303
    assert not is_signed_in(theirs)
    assert "Ended the person's sessions" in html.unescape(
        client.get(f"/admin/accounts/user/{agent.pk}/history/").content.decode()
    )
