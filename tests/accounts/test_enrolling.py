"""Setting up the first second factor. With real commits: what follows from it happens when the request's transaction ends."""

import pytest
import time_machine
from django.core.cache import cache

from portal.accounts.models import Role
from portal.ledger.models import Event
from tests import factories
from tests.accounts.doors import code, enrol, is_signed_in, sign_in, signed_in_without

pytestmark = pytest.mark.committed_db


@pytest.fixture
def newcomer(committed_db):
    lab = factories.lab()
    user = factories.person("Nia", second_factor=False)
    factories.Membership.objects.create(user=user, organisation=lab, role=Role.ADMIN, since=factories.NOW)
    return user


def test_enrolling_opens_the_portal_and_gives_recovery_codes(newcomer):
    client = signed_in_without(newcomer)
    enrol(client)
    assert client.get("/account/profile/").status_code == 200
    assert len(client.get("/account/2fa/recovery-codes/").context["unused_codes"]) == 10
    verbs = Event.objects.filter(subject_id=newcomer.pk).order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["signed_in", "added_authenticator_app"]


def test_enrolling_ends_sessions_begun_with_the_password_alone(newcomer):
    thief, client = signed_in_without(newcomer), signed_in_without(newcomer)
    enrol(client)
    assert is_signed_in(client)
    assert thief.get("/account/profile/")["Location"].startswith("/account/login/")


def test_the_code_that_enrolled_an_app_signs_in_no_more(newcomer):
    with time_machine.travel("2026-10-05T16:00:01Z", tick=False) as machine:
        secret = enrol(signed_in_without(newcomer))
        used = code(secret)
        # Whatever the cache forgets, and while the code is still within its tolerance.
        cache.clear()
        machine.shift(30)
        assert not is_signed_in(sign_in(newcomer, digits=used))
        assert is_signed_in(sign_in(newcomer, digits=code(secret)))
