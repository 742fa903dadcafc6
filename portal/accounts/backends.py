"""How a session finds its person."""

from allauth.account.auth_backends import AuthenticationBackend

from portal.accounts.models import User


class Backend(AuthenticationBackend):
    """allauth's sign-in; the signed-in person comes with seats and second factor in one query."""

    def user_can_authenticate(self, user):
        """A service signs in nowhere: it has its tokens."""
        return not user.is_service and super().user_can_authenticate(user)

    def get_user(self, user_id):
        user = User.objects.with_standing().filter(pk=user_id).first()
        return user.arrived() if user is not None and self.user_can_authenticate(user) else None
