"""API tokens: shown once, kept as a hash, expiring, one's own."""

import hashlib
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import ApiToken, Role
from portal.errors import Invalid, Missing, NotAllowed
from portal.ledger.models import Event
from tests import factories
from tests.accounts.doors import reauthenticate, sign_in

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


@pytest.fixture
def ada():
    return factories.member(factories.lab(), Role.ADMIN)


def api(secret: str) -> int:
    return Client().get("/api/v1/submissions/", headers={"authorization": f"Bearer {secret}"}).status_code


def test_a_token_is_shown_once_and_kept_as_a_hash(ada):
    client = sign_in(ada)
    reauthenticate(client)
    made = client.post("/account/tokens/", {"name": "calendar", "lifetime": "30", "scope": "read"})
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert secret not in client.get("/account/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert (token.user, token.name, token.digest) == (
        ada,
        "calendar",
        hashlib.sha512(secret.encode()).hexdigest(),
    )
    assert secret not in str(list(ApiToken.objects.values()) + list(Event.objects.values()))
    assert api(secret) == 200


def test_making_one_asks_for_the_password_again(ada):
    answer = sign_in(ada).post("/account/tokens/", {"name": "calendar", "lifetime": "30", "scope": "read"})
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert not ApiToken.objects.exists()


def test_a_token_expires(ada):
    _, secret = actions.create_token(actor=ada, name="calendar", lifetime=MONTH)
    expiry = ApiToken.objects.get().expiry
    with time_machine.travel(expiry - timedelta(seconds=5)):
        assert api(secret) == 200
    with time_machine.travel(expiry + timedelta(seconds=5)):
        assert api(secret) == 401


def test_a_revoked_token_opens_nothing(ada):
    token, secret = actions.create_token(actor=ada, name="calendar", lifetime=MONTH)
    sign_in(ada).post(f"/account/tokens/{token.id}/revoke/")
    assert api(secret) == 401
    verbs = Event.objects.exclude(verb="signed_in").order_by("seq").values_list("verb", "subject_id")
    assert list(verbs) == [("created_token", ada.pk), ("revoked_token", ada.pk)]


def test_nobody_sees_or_revokes_anothers(ada):
    token, secret = actions.create_token(actor=ada, name="ada's secret errand", lifetime=MONTH)
    other = factories.member(factories.lab(), Role.ADMIN)
    client = sign_in(other)
    assert "errand" not in client.get("/account/tokens/").content.decode()
    assert client.post(f"/account/tokens/{token.id}/revoke/").status_code == 404
    with pytest.raises(NotAllowed):
        actions.revoke_token(actor=other, token=token)
    assert api(secret) == 200


def test_bad_input(ada):
    for error, values in [
        (Missing, {"name": " ", "lifetime": MONTH}),
        (Invalid, {"name": "x", "lifetime": timedelta(days=366)}),
        (Invalid, {"name": "x", "lifetime": timedelta(0)}),
        (Invalid, {"name": "x", "lifetime": MONTH, "scope": "everything"}),
    ]:
        with pytest.raises(error):
            actions.create_token(actor=ada, **values)


def test_a_closed_account_makes_and_uses_none(ada):
    factories.member(ada.memberships.get().organisation, Role.ADMIN)
    _, secret = actions.create_token(actor=ada, name="calendar", lifetime=MONTH)
    actions.deactivate_person(actor=factories.person(is_superuser=True), user=ada)
    assert api(secret) == 401
    with pytest.raises(NotAllowed):
        actions.create_token(actor=ada, name="another", lifetime=MONTH)


def test_a_token_does_what_the_person_may_and_no_more(ada):
    stranger = factories.member(factories.lab(), Role.ADMIN)
    case = factories.Case(factories.draft)
    _, secret = actions.create_token(actor=stranger, name="curious", lifetime=MONTH)
    url = f"/api/v1/submissions/{case.submission.pk}/"
    assert Client().get(url, headers={"authorization": f"Bearer {secret}"}).status_code == 404


def test_a_token_that_reads_only_changes_nothing(ada):
    """Whatever its person may do, and whatever it is asked."""
    case = factories.Case(factories.submitted)
    _, secret = actions.create_token(actor=case.contributor, name="mirror", lifetime=MONTH, scope="read")
    client, headers = Client(), {"authorization": f"Bearer {secret}"}
    url = f"/api/v1/submissions/{case.submission.pk}/"
    assert client.get(url, headers=headers).status_code == 200
    refused = [
        client.post(f"{url}withdraw/", headers=headers),
        client.patch(url, "{}", content_type="application/json", headers=headers),
        client.post("/api/v1/documents/", headers=headers),
        client.post("/api/v1/uploads/", headers=headers),
    ]
    assert [(answer.status_code, answer.json()["detail"]) for answer in refused] == [
        (403, "This token reads only.")
    ] * 4
    assert case.again().state == "submitted"
    _, writes = actions.create_token(actor=case.contributor, name="build", lifetime=MONTH, scope="write")
    answer = client.post(f"{url}withdraw/", headers={"authorization": f"Bearer {writes}"})
    assert (answer.status_code, case.again().state) == (200, "withdrawn")
