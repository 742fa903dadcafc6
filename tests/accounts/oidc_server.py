"""A real OpenID Connect provider in a process of its own: django-oauth-toolkit on loopback, with a database of its own.

``python -m tests.accounts.oidc_server FOLDER CALLBACK`` prints its address and serves until it is stopped. It knows one client,
whose one redirect address is CALLBACK, asks for PKCE and signs with a key of its own. Its people are in ``PEOPLE``.
"""

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET, PASSWORD = (
    "early-access-portal",
    "a client secret of forty letters, or more",
    "at the provider only",
)
# Who can sign in there, and what the provider says of them.
PEOPLE = {
    "ines": {"email": "ines@kestrel.example", "email_verified": True},
    "unverified": {"email": "ines@kestrel.example", "email_verified": False},
    "stranger": {"email": "nobody@kestrel.example", "email_verified": True},
    "elsewhere": {"email": "ines@osprey.example", "email_verified": True},
    "strong": {"amr": ["pwd", "otp", "mfa"], "acr": "urn:invented:two"},
    "weak": {"amr": ["pwd"], "acr": "urn:invented:one"},
}
LOGIN = "<form method=post>{% csrf_token %}{{ form }}<button>Sign in</button></form>"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def configure(folder: Path, address: str) -> None:
    from django.conf import settings

    settings.configure(
        SECRET_KEY="of the provider alone, and of no use elsewhere",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.accounts.oidc_server",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN})]
                },
            }
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGIN_URL="/login/",
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": key(),
            "OIDC_ISS_ENDPOINT": f"{address}/o",
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "who it is", "email": "their address"},
            "OAUTH2_VALIDATOR_CLASS": "tests.accounts.oidc_server.validator",
        },
    )


def validator(*arguments, **options):
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class Validator(OAuth2Validator):
        # Whatever is asked for, it says what it has.
        oidc_claim_scope = None

        def get_additional_claims(self, request):
            return PEOPLE[request.user.username]

    return Validator(*arguments, **options)


def furnish(callback: str) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for name in PEOPLE:
        User.objects.create_user(name, password=PASSWORD)
    Application.objects.create(
        name="Early access portal",
        client_id=CLIENT,
        client_secret=SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        redirect_uris=callback,
        skip_authorization=True,
    )


def main(folder: str, callback: str) -> None:
    import django
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, None, server_class=Server, handler_class=Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    configure(Path(folder), address)
    django.setup()
    furnish(callback)
    server.set_app(get_wsgi_application())
    print(f"{address}/o", flush=True)
    server.serve_forever()


def __getattr__(name: str):
    """``urlpatterns``, made once Django knows its settings."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.contrib.auth.views import LoginView
    from django.urls import include, path

    return [path("o/", include("oauth2_provider.urls")), path("login/", LoginView.as_view())]


if __name__ == "__main__":
    sys.modules["tests.accounts.oidc_server"] = sys.modules["__main__"]
    main(*sys.argv[1:])
