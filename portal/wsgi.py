"""The WSGI entry: ``gunicorn portal.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

from portal.operating.fitness import refuse_unfit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
refuse_unfit()
