"""Every read of the agency's side. ``visible_to`` is the doorway; conflicts hide even counts and ids."""

from django.db import models


class CaseAgencyQuerySet(models.QuerySet):
    pass


class AssignmentQuerySet(models.QuerySet):
    pass


class AssessmentQuerySet(models.QuerySet):
    pass


class InquiryQuerySet(models.QuerySet):
    pass


class DesignationQuerySet(models.QuerySet):
    pass
