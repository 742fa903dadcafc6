"""Signing in and one's own account.

allauth brings sign-in, passwords, second factors and sessions. Only those of its pages are here that the portal uses: an
address is changed by whoever looks after accounts, and nobody signs up.
"""

from allauth.account import views as allauth_account
from django.urls import include, path, re_path

from portal.accounts import providers
from portal.accounts.views import own, people, services, sessions
from portal.accounts.views import providers as provider_views

SIGN_IN = [
    path(
        "login/",
        allauth_account.LoginView.as_view(extra_context={"providers": providers.on_sign_in_page}),
        name="account_login",
    ),
    path("logout/", allauth_account.logout, name="account_logout"),
    path("inactive/", allauth_account.account_inactive, name="account_inactive"),
    path("signup/", allauth_account.signup, name="account_signup"),
    path("reauthenticate/", allauth_account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth_account.password_change, name="account_change_password"),
    path("password/set/", allauth_account.password_set, name="account_set_password"),
    path("password/reset/", own.lost_password, name="account_reset_password"),
    path("password/reset/done/", allauth_account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth_account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        allauth_account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # Before allauth's own, which would remove the last one too, and take the code that enrolled an app once more.
    path("2fa/webauthn/keys/<int:pk>/remove/", own.remove_passkey, name="mfa_remove_webauthn"),
    path("2fa/totp/activate/", own.AddAuthenticatorApp.as_view(), name="mfa_activate_totp"),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", sessions.sessions, name="account_sessions"),
    path("sessions/<int:session_id>/end/", sessions.end, name="account_session_end"),
    path("provider/<slug:provider_id>/", provider_views.provider, name="account_provider"),
    # The name by which allauth's client knows it.
    path("provider/<slug:provider_id>/callback/", provider_views.callback, name="openid_connect_callback"),
    path("provider/<slug:provider_id>/saml/", provider_views.saml_answer, name="account_provider_saml"),
    path(
        "provider/<slug:provider_id>/saml/done/",
        provider_views.saml_done,
        name="account_provider_saml_done",
    ),
    path("confirmed/", sessions.confirmed, name="account_confirmed"),
]
OWN = [
    path("", own.overview, name="account"),
    path("profile/", own.profile, name="account_profile"),
    path("tokens/", own.tokens, name="account_tokens"),
    path("tokens/<uuid:token_id>/revoke/", own.revoke_token, name="account_token_revoke"),
    path("providers/", provider_views.own, name="account_providers"),
    path("providers/<slug:provider_id>/link/", provider_views.link, name="account_provider_link"),
    path("providers/links/<uuid:link_id>/end/", provider_views.unlink, name="account_provider_unlink"),
    path("organisations/", people.organisations, name="account_organisations"),
    path("invitations/<uuid:invitation_id>/<str:answer>/", own.answer_invitation, name="account_invitation"),
    path("organisation/<uuid:organisation_id>/", people.organisation, name="account_organisation"),
    path("organisation/<uuid:organisation_id>/invite/", people.invite, name="account_invite"),
    path(
        "organisation/<uuid:organisation_id>/invitations/<uuid:invitation_id>/withdraw/",
        people.withdraw_invitation,
        name="account_withdraw_invitation",
    ),
    path("organisation/<uuid:organisation_id>/services/", services.services, name="account_services"),
    path(
        "organisation/<uuid:organisation_id>/services/<uuid:service_id>/",
        services.service,
        name="account_service",
    ),
    path(
        "organisation/<uuid:organisation_id>/services/<uuid:service_id>/rotate/",
        services.rotate,
        name="account_service_rotate",
    ),
    path(
        "organisation/<uuid:organisation_id>/services/<uuid:service_id>/revoke/",
        services.revoke,
        name="account_service_revoke",
    ),
    path("member/<uuid:membership_id>/", people.member, name="account_member"),
    path("member/<uuid:membership_id>/role/", people.member_role, name="account_member_role"),
    path("member/<uuid:membership_id>/end/", people.member_end, name="account_member_end"),
    path(
        "member/<uuid:membership_id>/second-factor/",
        people.member_second_factor,
        name="account_member_second_factor",
    ),
    path("member/<uuid:membership_id>/sessions/", people.member_sessions, name="account_member_sessions"),
]
urlpatterns = SIGN_IN + OWN
