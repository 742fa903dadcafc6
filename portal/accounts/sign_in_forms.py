"""allauth's forms in the portal's words: a label and a hint that stay, no placeholder that goes."""

from typing import Any

from allauth.account import forms as account
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django.core.exceptions import ValidationError

from portal import sightings
from portal.accounts import actions, attempts

ADDRESS = "E-mail address"
CODE = "Code"


class Plain:
    """Drops placeholders and sets this portal's labels."""

    labels: dict[str, str] = {}
    hints: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, field.help_text)


class LoginForm(Plain, account.LoginForm):
    labels = {"login": ADDRESS}


class ResetPasswordForm(Plain, account.ResetPasswordForm):
    labels = {"email": ADDRESS}

    def clean_email(self) -> str:
        """A service has no password: its address is answered as one that nobody has."""
        email = super().clean_email()
        self.users = [user for user in self.users if not user.is_service]
        return email


class ResetPasswordKeyForm(Plain, account.ResetPasswordKeyForm):
    labels = {"password1": "New password", "password2": "New password, again"}
    hints = {"password1": ""}


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    labels = {
        "oldpassword": "Present password",
        "password1": "New password",
        "password2": "New password, again",
    }
    hints = {"password1": ""}


class SetPasswordForm(Plain, account.SetPasswordForm):
    labels = {"password1": "New password", "password2": "New password, again"}
    hints = {"password1": ""}


class ReauthenticateForm(Plain, account.ReauthenticateForm):
    hints = {"password": ""}


class CodeOnce:
    """A code that is asked for: guesses are counted, and a code of an authenticator app opens something once.

    allauth remembers a used code in the cache, for a third of the time in which it is good. Here it is on record with the app.
    """

    def clean_code(self) -> str:
        counted = attempts.begin(context.request, attempts.CODE, self.user.email)  # type: ignore[attr-defined]
        try:
            code = super().clean_code()  # type: ignore[misc]
            if not actions.use_code(authenticator=self.authenticator, code=code):  # type: ignore[attr-defined]
                raise get_adapter().validation_error("incorrect_code")
        except ValidationError:
            sightings.sign_in_failed(context.request, factor=attempts.CODE, account=self.user.pk)  # type: ignore[attr-defined]
            raise
        attempts.right(counted)
        return code


class AuthenticateForm(CodeOnce, Plain, mfa.AuthenticateForm):
    labels = {"code": CODE}


class ReauthenticateCodeForm(CodeOnce, Plain, mfa.ReauthenticateForm):
    labels = {"code": CODE}


class NotedPasskey:
    """A passkey that is asked for: one that is not right is written down, with the account where that is known.

    Where a passkey alone signs in, the account is what the browser says, which proves nothing until the signature is right.
    """

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            account = self.user.pk if self.user else None  # type: ignore[attr-defined]
            sightings.sign_in_failed(context.request, factor="passkey", account=account)
            raise


class AuthenticateWebAuthnForm(NotedPasskey, webauthn.AuthenticateWebAuthnForm):
    pass


class LoginWebAuthnForm(NotedPasskey, webauthn.LoginWebAuthnForm):
    pass


class ReauthenticateWebAuthnForm(NotedPasskey, webauthn.ReauthenticateWebAuthnForm):
    pass


class ActivateTOTPForm(Plain, totp.ActivateTOTPForm):
    labels = {"code": CODE}


class AddWebAuthnForm(Plain, webauthn.AddWebAuthnForm):
    labels = {
        "name": "Name of the passkey",
        "passwordless": "Sign in with this passkey alone, without a password",
    }
    hints = {
        "name": "So that you know it again, such as “office laptop”.",
        "passwordless": "Your device then asks for your fingerprint, face or PIN each time.",
    }
