"""How allauth behaves here: nobody signs up, mail leaves through the outbox, secrets are sealed, changes are recorded."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.utils import get_next_redirect_url
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.urls import reverse

from portal import crypto, programme, sightings
from portal.accounts import actions, attempts, querysets
from portal.accounts.models import User
from portal.accounts.providers import arrival

# allauth's mail templates, as the verbs of our ledger.
CHANGES = {
    "account/email/password_changed": "changed_password",
    "account/email/password_set": "changed_password",
    "account/email/password_reset": "reset_password",
    "mfa/email/totp_activated": "added_authenticator_app",
    "mfa/email/totp_deactivated": "removed_authenticator_app",
    "mfa/email/webauthn_added": "added_passkey",
    "mfa/email/webauthn_removed": "removed_passkey",
    "mfa/email/recovery_codes_generated": "made_recovery_codes",
}


# After these only the session that did it goes on: whoever sits at another signs in by what holds now.
CHANGES_OF_FACTORS = {
    "added_authenticator_app",
    "removed_authenticator_app",
    "added_passkey",
    "removed_passkey",
}
STAGES = {"allauth.mfa.stages.AuthenticateStage": "portal.accounts.providers.stages.OwnFactorStage"}
STILL_STANDS = "portal.accounts.providers.stages.StillStandsStage"
# The ways to confirm that it is still oneself, by allauth's names.
WAYS = {
    "mfa_reauthenticate:webauthn": "Use a passkey",
    "mfa_reauthenticate": "Use a code of your authenticator app, or a recovery code",
    "reauthenticate": "Use your password",
}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an organisation's administrator or by the sysadmin."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This address and password do not go together.",
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your present password.",
        "too_many_login_attempts": attempts.WORDS,
        "rate_limited": attempts.WORDS,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any):
        """Every check of a password, at sign-in and after it. Raises ValidationError after too many wrong ones."""
        account = credentials.get("email") or ""
        counted = attempts.begin(request, attempts.PASSWORD, account)
        user = super().authenticate(request, **credentials)
        if user is None:
            sightings.sign_in_failed(
                request, factor=attempts.PASSWORD, account=querysets.id_of_account(account)
            )
        else:
            attempts.right(counted)
        return user

    def respond_user_inactive(self, request: HttpRequest, user: User):
        """All that was asked was right, but the account is closed."""
        sightings.sign_in_failed(request, factor="closed account", account=user.pk)
        return super().respond_user_inactive(request, user)

    def get_login_stages(self) -> list[str]:
        """allauth's, with our own second factor for who comes by a provider, and a last look at what they came by."""
        return [STAGES.get(stage, stage) for stage in super().get_login_stages()] + [STILL_STANDS]

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any):
        came = (kwargs.get("signal_kwargs") or {}).get(arrival.CAME)
        used = [one.get("type") or one["method"] for one in get_authentication_records(request, user)]
        actions.record_sign_in(
            actor=user, factors=list(dict.fromkeys(used)), provider=came["provider"] if came else ""
        )
        if came:
            arrival.signed_in(user, came)
        response = super().post_login(request, user, **kwargs)
        if user.has_second_factor:
            attempts.note_success(request, response, user.email)
        return response

    def get_reauthentication_methods(self, user) -> list[dict]:
        """Passkeys first. Where a second factor is asked for, the password is not offered in its place."""
        found = super().get_reauthentication_methods(user)
        wanted = get_next_redirect_url(context.request) or ""
        if wanted.startswith(reverse("account_confirmed")) and user.has_second_factor:
            found = [method for method in found if method["id"] != "reauthenticate"]
        for method in found:
            method["description"] = WAYS[method["id"]]
        return sorted(found, key=lambda method: method["id"] != "mfa_reauthenticate:webauthn")

    def reauthenticate(self, user: User, password: str) -> bool:
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def send_password_reset_mail(self, user: User, email: str, context: dict) -> None:
        # The mail's link is made when it is sent, so that no row and no broker ever holds one.
        actions.ask_for_password(user=user)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: Any = None, email: Any = None
    ) -> None:
        verb = CHANGES.get(template_prefix)
        if verb is None:
            return
        actions.note_sign_in_change(actor=user, verb=verb)
        if verb in CHANGES_OF_FACTORS:
            actions.end_sessions_but(actor=user, request=self.request)

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Nothing is mailed past the outbox."""


def renew_after_asking_again(request: HttpRequest, user: User, **said: Any) -> None:
    """Somebody showed who they are. allauth gives the session another key at sign-in, and here it gets one afterwards."""
    if said.get("reauthenticated"):
        actions.renew_session(actor=user, request=request)


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and recovery codes are sealed at rest; the last second factor stays."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "This is your only second factor. Add another one before you remove it.",
        "incorrect_code": "This code is not right. Codes change every 30 seconds, and each works once.",
    }

    def encrypt(self, text: str) -> str:
        return crypto.seal(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.unseal(encrypted_text.encode())

    def can_delete_authenticator(self, authenticator) -> bool:
        if authenticator.type == authenticator.Type.RECOVERY_CODES:
            return True
        return actions.second_factors_of(authenticator.user).exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user, type) -> str:  # noqa: A002 - allauth's own name
        number = actions.second_factors_of(user).filter(type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def _get_site_name(self) -> str:
        return programme.current().name
