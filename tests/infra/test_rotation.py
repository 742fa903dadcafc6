"""The signing key is changed while people work: what the old one signed is believed as long as it is among the fallbacks."""

import pytest
from allauth.account.forms import default_token_generator
from django.conf import settings as configured
from django.test import Client

from portal.deadlines import unsubscribing
from tests import factories as make

pytestmark = pytest.mark.django_db
OLD, NEW = (
    "old-signing-key-of-this-test-0123456789-abcdefghijkl",
    "new-signing-key-of-this-test-0123456789-abcdefghijk",
)


class Signed:
    """A session, the link of a daily mail and that of a new password, all signed with the old key."""

    def __init__(self, settings):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
        self.person = make.member(make.lab(), "viewer")
        self.client = Client()
        self.client.force_login(self.person, backend=configured.AUTHENTICATION_BACKENDS[0])
        self.end_of_mail = unsubscribing.token(self.person)
        self.password = default_token_generator.make_token(self.person)

    def believed(self) -> dict[str, bool]:
        return {
            "session": self.client.get("/lab/").status_code == 200,
            "end of mail": self.client.get(f"/notices/unsubscribe/{self.end_of_mail}/").status_code == 200,
            "password": default_token_generator.check_token(self.person, self.password),
        }


ALL, NONE = (
    dict.fromkeys(("session", "end of mail", "password"), True),
    dict.fromkeys(("session", "end of mail", "password"), False),
)


def test_nothing_ends_while_the_old_key_is_among_the_fallbacks(settings):
    signed = Signed(settings)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert signed.believed() == ALL
    # The session is the new key's from now on; links that were mailed stay as they are.
    settings.SECRET_KEY_FALLBACKS = []
    assert signed.believed() == NONE | {"session": True}


def test_all_of_it_ends_with_a_key_that_is_taken_out(settings):
    signed = Signed(settings)
    settings.SECRET_KEY = NEW
    assert signed.believed() == NONE
