"""A service never signs in, is written to by nobody, belongs elsewhere nowhere, and is offered to be chosen nowhere."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from portal.accounts import actions
from portal.accounts.models import (
    ROLES_OF,
    SERVICE_ROLES,
    Affiliation,
    ApiToken,
    Invitation,
    Membership,
    Role,
    User,
)
from portal.deadlines import actions as notices
from portal.deadlines.models import CalendarFeed, Message, NoticePreference
from portal.errors import Invalid, NotAllowed
from portal.ledger.models import Event
from tests import factories as make
from tests.accounts.doors import sign_in
from tests.api.calls import Caller
from tests.factories_services import service

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("Aurora Invented Labs")


@pytest.fixture
def ada(lab):
    return make.member(lab, Role.ADMIN, "Ada")


@pytest.fixture
def found(lab, ada) -> User:
    return service(lab, actor=ada)[0]


def refused_by_the_database(call) -> bool:
    try:
        with transaction.atomic():
            call()
    except IntegrityError:
        return True
    return False


# --- The database -----------------------------------------------------------------------------------------------------------


def test_the_database_keeps_it_from_being_a_person(lab, found):
    rows = User.objects.filter(pk=found.pk)
    elsewhere = make.lab()
    attempts = {
        "a superuser": lambda: rows.update(is_superuser=True),
        "a password": lambda: rows.update(password="md5$salt$hash"),
        "a sign-in": lambda: rows.update(last_login=make.NOW),
        "an address": lambda: rows.update(email="ada@example.org"),
        "a person after all": lambda: rows.update(service_of=None, email="ada@example.org"),
        "another lab's": lambda: rows.update(service_of=elsewhere),
        "a second membership": lambda: Membership.objects.create(user=found, organisation=lab, role="service_viewer"),
        "one elsewhere": lambda: Membership.objects.filter(user=found).update(organisation=elsewhere),
        "an administrator": lambda: Membership.objects.filter(user=found).update(role=Role.ADMIN),
        "a contributor": lambda: Membership.objects.filter(user=found).update(role=Role.CONTRIBUTOR),
        "an authenticator": lambda: TOTP.activate(found, make.TOTP_SECRET),
        "allauth's address": lambda: EmailAddress.objects.create(user=found, email=found.email),
        "an invitation": lambda: Invitation.objects.create(
            user=found, organisation=elsewhere, role=Role.ADMIN, invited_by=make.person()
        ),
        "an affiliation": lambda: Affiliation.objects.create(user=found, organisation=elsewhere),
        "a calendar": lambda: CalendarFeed.objects.create(person=found, digest="x", made_at=make.NOW),
        "a preference": lambda: NoticePreference.objects.create(
            person=found, group="steps", delivery="off", chosen_at=make.NOW
        ),
        "a token without an end": lambda: ApiToken.objects.create(found, expiry=None, made_by=make.person()),
        "a token of nobody's": lambda: ApiToken.objects.create(found, expiry=make.DAY),
        "a token of years": lambda: ApiToken.objects.create(found, expiry=400 * make.DAY, made_by=make.person()),
        "a token prolonged": lambda: ApiToken.objects.filter(user=found).update(
            expiry=make.NOW + 4000 * make.DAY
        ),
    }  # fmt: skip
    assert [name for name, call in attempts.items() if not refused_by_the_database(call)] == []
    # None of it is refused to a person.
    person = make.member(lab, Role.VIEWER)
    TOTP.activate(make.person(second_factor=False), make.TOTP_SECRET)
    Membership.objects.create(user=person, organisation=lab, role=Role.CONTRIBUTOR)
    ApiToken.objects.create(person, expiry=None)
    CalendarFeed.objects.create(person=person, digest="x", made_at=make.NOW)


def test_the_database_keeps_persons_from_being_services(lab, ada):
    partner = make.partner_organisation()
    fields = {"name": "x", "password": "!"}
    attempts = {
        "a service's role": lambda: Membership.objects.create(user=ada, organisation=lab, role="service"),
        "a service's address": lambda: User.objects.filter(pk=ada.pk).update(email="ada@SERVICE.invalid"),
        "made a service": lambda: User.objects.filter(pk=ada.pk).update(
            service_of=lab, email="ada@service.invalid", password="!"
        ),
        "a partner's service": lambda: User.objects.create(
            email="x@service.invalid", service_of=partner, **fields
        ),
    }
    assert [name for name, call in attempts.items() if not refused_by_the_database(call)] == []
    assert not {role for roles in ROLES_OF.values() for role in roles} & set(SERVICE_ROLES)


def test_one_of_a_name_and_none_comes_back(lab, ada, found):
    twin = {"name": found.name.upper(), "password": "!", "service_of": lab}
    assert refused_by_the_database(lambda: User.objects.create(email="x@service.invalid", **twin))
    actions.revoke_service(actor=ada, user=found)
    User.objects.create(email="y@service.invalid", **twin)
    assert refused_by_the_database(lambda: User.objects.filter(pk=found.pk).update(is_active=True))


# --- No way in ----------------------------------------------------------------------------------------------------------------


def test_it_signs_in_nowhere(found):
    client = Client()
    answer = client.post("/account/login/", {"login": found.email, "password": make.PASSWORD})
    assert "do not go together" in answer.content.decode()
    # Not even by a session that somebody made for it.
    session = client.session
    session["_auth_user_id"] = str(found.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = found.get_session_auth_hash()
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert client.get("/account/profile/")["Location"].startswith("/account/login/")


def test_a_forgotten_password_is_asked_for_in_vain(found):
    answer = Client().post("/account/password/reset/", {"email": found.email})
    unknown = Client().post("/account/password/reset/", {"email": "nobody@example.invalid"})
    assert (answer.status_code, answer["Location"]) == (unknown.status_code, unknown["Location"])
    assert not Message.objects.filter(recipient=found).exists()
    assert not Event.objects.filter(verb="asked_for_password").exists()


def test_no_action_makes_it_a_person(lab, ada, found):
    root, membership = make.person(is_superuser=True), found.memberships.get()
    elsewhere = make.lab()
    attempts = [
        lambda: actions.add_membership(actor=root, organisation=elsewhere, user=found, role=Role.ADMIN),
        lambda: actions.add_membership(actor=ada, organisation=lab, user=found, role=Role.ADMIN),
        lambda: actions.change_role(actor=ada, membership=membership, role=Role.ADMIN),
        lambda: actions.end_membership(actor=ada, membership=membership),
        lambda: actions.reset_second_factor(actor=root, user=found),
        lambda: actions.reset_second_factor(actor=ada, user=found),
        lambda: actions.change_address(actor=root, user=found, email="new@example.org"),
        lambda: actions.deactivate_person(actor=root, user=found),
        lambda: actions.reactivate_person(actor=root, user=found),
        lambda: actions.record_affiliation(actor=root, user=found, organisation=elsewhere),
        lambda: actions.create_token(actor=found, name="personal", lifetime=make.DAY),
        lambda: notices.make_feed(actor=found),
    ]
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()
    for attempt in (
        lambda: actions.invite(actor=ada, organisation=lab, email=found.email, name="x", role=Role.VIEWER),
        lambda: actions.create_person(actor=root, email="x@Service.invalid", name="x"),
        lambda: actions.change_address(actor=root, user=ada, email="ada@service.invalid"),
        lambda: actions.add_membership(actor=root, organisation=lab, user=ada, role="service"),
    ):
        with pytest.raises(Invalid):
            attempt()
    assert list(found.memberships.values_list("role", "ended_at")) == [("service", None)]


# --- Nobody writes to it, nobody chooses it ---------------------------------------------------------------------------------


def test_no_message_is_made_for_it(ada, found):
    told = {"kind": "submit", "case_id": None, "case_number": "", "at": make.NOW}
    notices.tell(recipients=[found.pk, ada.pk], about=ada.pk, **told)
    assert list(Message.objects.filter(kind="submit").values_list("recipient", flat=True)) == [ada.pk]


def test_its_labs_cases_are_told_to_people_only():
    case = make.Case(make.draft)
    reads, _ = service(case.lab, scope="read", name="Mirror")
    writes, _ = service(case.lab)
    from portal.submissions import actions as cases

    cases.submit(actor=case.contributor, submission=case.submission, at=make.NOW)
    cases.withdraw(actor=case.contributor, submission=case.submission, at=make.NOW)
    assert Message.objects.filter(case_id=case.submission.pk).exists()
    assert not Message.objects.filter(recipient__in=[reads, writes]).exists()


def test_it_chooses_no_notices(lab, ada):
    caller = Caller(token=service(lab, actor=ada)[1])
    assert caller.results("notice-settings/") == []
    assert caller.patch("notice-settings/steps/", {"delivery": "off"}).status_code == 404


def test_it_is_no_one_of_the_people(lab, ada, found):
    client, membership = sign_in(ada), found.memberships.get()
    assert found.name not in client.get(f"/account/organisation/{lab.pk}/").content.decode()
    answers = [
        client.get(f"/account/member/{membership.pk}/"),
        client.post(f"/account/member/{membership.pk}/role/", {"role": "admin"}),
        client.post(f"/account/member/{membership.pk}/end/", {}),
        client.post(f"/account/member/{membership.pk}/second-factor/", {}),
    ]
    assert [answer.status_code for answer in answers[:3]] == [404] * 3
    assert Authenticator.objects.filter(user=found).count() == 0


# --- The admin --------------------------------------------------------------------------------------------------------------


def test_the_admin_shows_it_apart_and_offers_its_end_alone(found, ada):
    root = make.person("Sid", is_superuser=True)
    client = sign_in(root)
    listed = reverse("admin:accounts_user_changelist")
    services = client.get(listed, {"account": "services"}).content.decode()
    assert (found.name in services, found.email in services, "Ada" in services) == (True, False, False)
    for question in ("open", "without"):
        assert found.name not in client.get(listed, {"account": question}).content.decode()
    page = client.get(reverse("admin:accounts_user_change", args=[found.pk])).content.decode()
    offered = [
        verb
        for verb in ("change_address", "reset_second_factor", "deactivate_person", "reactivate_person")
        if reverse(f"admin:accounts_user_{verb}", args=[found.pk]) in page
    ]
    assert offered == []
    client.post(reverse("admin:accounts_user_revoke_service", args=[found.pk]))
    found.refresh_from_db()
    assert not found.is_active
    closed = client.get(listed, {"account": "closed"}).content.decode()
    assert found.name in closed
