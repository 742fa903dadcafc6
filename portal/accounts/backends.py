"""How a session finds its person."""

from allauth.account.auth_backends import AuthenticationBackend

from portal.accounts.models import User


class Backend(AuthenticationBackend):
    """allauth's sign-in; the signed-in person comes with seats and second factor in one query."""

    def get_user(self, user_id):
        user = User.objects.with_standing().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
