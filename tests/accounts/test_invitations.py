"""Joining an organisation: asked by its administrator, accepted by the person, the same words whoever the address belongs to."""

import re

import pytest
from django.core import mail

from portal.accounts import actions
from portal.accounts.models import Invitation, Role, User
from portal.deadlines import delivery
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger.models import Event
from tests import factories
from tests.accounts.doors import sign_in

pytestmark = pytest.mark.django_db
NEW = "zoe@example.invalid"


@pytest.fixture
def lab():
    return factories.lab("Aldergate")


@pytest.fixture
def admin(lab):
    return factories.member(lab, Role.ADMIN)


def invite(admin, lab, email=NEW, name="Zoe", role=Role.CONTRIBUTOR) -> Invitation:
    return actions.invite(actor=admin, organisation=lab, email=email, name=name, role=role, at=factories.NOW)


def test_a_new_person_gets_an_account_without_a_password_and_a_link(admin, lab, settings):
    invitation = invite(admin, lab)
    zoe = User.objects.get(email=NEW)
    assert (zoe.name, zoe.has_usable_password(), zoe.seats) == ("Zoe", False, ())
    assert invitation.user == zoe
    delivery.deliver_due()
    assert [message.to for message in mail.outbox] == [[NEW]]
    link = re.search(rf"{settings.PORTAL_BASE_URL}(\S+key/\S+)", mail.outbox[0].body)[1]
    from django.test import Client

    client = Client()
    form = client.get(link)["Location"]
    client.post(form, {"password1": "four words nobody knows", "password2": "four words nobody knows"})
    zoe.refresh_from_db()
    assert zoe.check_password("four words nobody knows")


def test_a_person_with_an_account_is_asked_and_nothing_tells_the_administrator(admin, lab):
    reviewer = factories.member(factories.agency(), Role.REVIEWER, "Renata Reviewer")
    invite(admin, lab, email=reviewer.email, name="Somebody")
    invite(admin, lab)
    page = sign_in(admin).get(f"/account/organisation/{lab.pk}/").content.decode()
    assert "Renata" not in page
    assert page.count("Take back") == 2
    reviewer.refresh_from_db()
    assert (reviewer.name, len(reviewer.seats)) == ("Renata Reviewer", 1)


def test_accepting_joins(admin, lab):
    zoe = factories.person("Zoe")
    invitation = invite(admin, lab, email=zoe.email)
    client = sign_in(zoe)
    assert "Aldergate invites you" in client.get("/").content.decode()
    client.post(f"/account/invitations/{invitation.pk}/accept/")
    assert list(zoe.memberships.values_list("organisation", "role", "ended_at")) == [
        (lab.pk, "contributor", None)
    ]
    invitation.refresh_from_db()
    assert invitation.outcome == "accepted"
    assert list(Event.objects.exclude(verb="signed_in").order_by("seq").values_list("verb", "actor")) == [
        ("invited", admin.pk),
        ("added_membership", zoe.pk),
    ]
    with pytest.raises(AlreadyDone):
        actions.accept_invitation(actor=zoe, invitation=invitation)


def test_declining_joins_nothing(admin, lab):
    zoe = factories.person("Zoe")
    invitation = invite(admin, lab, email=zoe.email)
    sign_in(zoe).post(f"/account/invitations/{invitation.pk}/decline/")
    invitation.refresh_from_db()
    assert (invitation.outcome, zoe.memberships.count()) == ("declined", 0)


def test_what_was_taken_back_cannot_be_accepted(admin, lab):
    zoe = factories.person("Zoe")
    invitation = invite(admin, lab, email=zoe.email)
    sign_in(admin).post(f"/account/organisation/{lab.pk}/invitations/{invitation.pk}/withdraw/")
    with pytest.raises(AlreadyDone, match="taken back"):
        actions.accept_invitation(actor=zoe, invitation=invitation)
    assert not zoe.memberships.exists()


def test_only_the_person_answers(admin, lab):
    invitation = invite(admin, lab)
    other = factories.person()
    assert sign_in(other).post(f"/account/invitations/{invitation.pk}/accept/").status_code == 404
    # Its administrator sees it, and cannot accept it for somebody else either.
    assert sign_in(admin).post(f"/account/invitations/{invitation.pk}/accept/").status_code == 404
    with pytest.raises(NotAllowed):
        actions.accept_invitation(actor=admin, invitation=invitation)


def test_who_may_not_invite(lab, admin):
    for actor in (factories.member(lab, Role.CONTRIBUTOR), factories.member(factories.lab(), Role.ADMIN)):
        with pytest.raises(NotAllowed):
            invite(actor, lab)
    agency = factories.agency()
    with pytest.raises(NotAllowed):
        actions.invite(
            actor=factories.member(agency, Role.COORDINATOR),
            organisation=agency,
            email=NEW,
            name="Zoe",
            role=Role.REVIEWER,
        )
    assert not User.objects.filter(email=NEW).exists()


def test_bad_input(admin, lab):
    for error, field, values in [
        (Invalid, "email", {"email": "zoe at example"}),
        (Missing, "name", {"name": " "}),
        (Invalid, "role", {"role": Role.DESIGNATOR}),
        (Invalid, "role", {"role": "emperor"}),
    ]:
        with pytest.raises(error) as refusal:
            invite(admin, lab, **values)
        assert refusal.value.field == field
    assert not Invitation.objects.exists()


def test_nobody_is_asked_twice(admin, lab):
    invite(admin, lab)
    with pytest.raises(AlreadyDone):
        invite(admin, lab, email=NEW.upper())
    with pytest.raises(AlreadyDone):
        invite(admin, lab, email=factories.member(lab, Role.VIEWER).email)
