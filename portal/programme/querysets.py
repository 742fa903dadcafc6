"""Every read of the versions of the settings."""

from django.db import models

from portal.programme import policies


class VersionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All of them, or none: they name nobody's case."""
        return self if policies.may_read(user) else self.none()

    def newest(self):
        return self.order_by("-number").first()
