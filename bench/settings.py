"""The portal's own settings, and beside its pages the bare ones that serve as the yardstick."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS, TEMPLATES

INSTALLED_APPS = [*INSTALLED_APPS, "bench"]
ROOT_URLCONF = "bench.urls"
TEMPLATES = [TEMPLATES[0]]
# The API's limits would measure themselves here.
PORTAL_API_READS_PER_MINUTE = 10_000_000
