"""The portal's own settings, and beside its pages the bare ones that serve as the yardstick."""

import os

from portal import config, scope
from portal.settings import *  # noqa: F403
from portal.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, TEMPLATES

INSTALLED_APPS = [*INSTALLED_APPS, "bench"]
ROOT_URLCONF = "bench.urls"
# Stock templates alone, for the bare changelist.
BARE = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "NAME": "bare",
    "APP_DIRS": True,
    "OPTIONS": {
        "context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]
    },
}
TEMPLATES = [*TEMPLATES, BARE]
# The API's limits would measure themselves here.
PORTAL_API_READS_PER_MINUTE = 10_000_000
# The portal without row-level security: no scopes, and as the tables' owner, for whom there are no policies. The views of who sees
# what show all of it, and kept plans are kept as they are with scopes.
if os.environ.get("PORTAL_BENCH_BARE"):
    options = DATABASES["default"]["OPTIONS"]
    asked = f"{options['options']} -c portal.lifted={scope.EVERYTHING} -c plan_cache_mode=force_generic_plan"
    owner = config.database(os.environ["DATABASE_OWNER_URL"])
    DATABASES = {
        "default": DATABASES["default"]
        | {
            "ENGINE": "bench.db",
            "USER": owner["USER"],
            "PASSWORD": owner["PASSWORD"],
            "OPTIONS": options | {"options": asked},
        }
    }
    MIDDLEWARE = [name for name in MIDDLEWARE if name != "portal.scope.ScopeMiddleware"]
