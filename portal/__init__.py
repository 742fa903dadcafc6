"""The portal: the site, and what all parties share.

The Celery application is loaded with the package, so that every process publishes to the configured broker.
"""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
