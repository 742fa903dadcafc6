"""Going through the front door as a browser does."""

import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from portal.accounts.models import User
from tests.factories import PASSWORD, TOTP_SECRET


def code(secret: str = TOTP_SECRET, *, steps: int = 0) -> str:
    """The six digits an authenticator app shows now, or some steps of 30 seconds later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def sign_in(user: User, *, password: str = PASSWORD, digits: str | None = None) -> Client:
    """A client that went through password and second factor."""
    client = Client()
    client.post("/account/login/", {"login": user.email, "password": password})
    client.post("/account/2fa/authenticate/", {"code": digits or code()})
    return client


def reauthenticate(client: Client, password: str = PASSWORD) -> None:
    client.post("/account/reauthenticate/", {"password": password})


def is_signed_in(client: Client) -> bool:
    return client.get("/account/profile/").status_code == 200


def signed_in_without(user: User) -> Client:
    """Signed in with the password alone, by somebody who has no second factor yet."""
    client = Client()
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    return client


def enrol(client: Client) -> str:
    """Set up an authenticator app. Its secret."""
    client.get("/account/2fa/totp/activate/")
    reauthenticate(client)
    secret = client.get("/account/2fa/totp/activate/").context["form"].secret
    client.post("/account/2fa/totp/activate/", {"code": code(secret)})
    return secret
