"""Fields that offer people, cases and rows to choose from: never more than the person at the desk may see."""

from uuid import uuid4

from django import forms
from django.utils.formats import date_format
from django.utils.timezone import localtime

from portal.accounts.models import Kind, Membership, Role
from reviews.models import Designation, Inquiry


def reviewers():
    """Every reviewer's seat in an agency, as (person, agency) to choose from."""
    rows = Membership.objects.filter(
        role=Role.REVIEWER, ended_at=None, organisation__kind=Kind.AGENCY, user__is_active=True
    )
    return rows.select_related("user", "organisation").order_by("organisation__name", "user__name", "pk")


class ReviewerField(forms.ModelChoiceField):
    """A reviewer of an agency; the value is the membership, which names both."""

    def __init__(self, **options):
        super().__init__(
            Membership.objects.none(), **{"error_messages": {"required": "Choose a reviewer."}} | options
        )

    def label_from_instance(self, membership):
        return f"{membership.user.name}, {membership.organisation.name}"


class InquiryField(forms.ModelChoiceField):
    def label_from_instance(self, inquiry):
        return f"{inquiry.number}, {inquiry.lab.name}: {inquiry.model_name}"


class DesignationField(forms.ModelChoiceField):
    def label_from_instance(self, designation):
        day = date_format(localtime(designation.recorded_at), "DATE_FORMAT")
        return f"{designation.lab.name}: {designation.subject}, {designation.get_outcome_display()}, {day}"


def inquiries_for(user):
    """The inquiries that a designation may answer."""
    rows = Inquiry.objects.visible_to(user).beyond(user).exclude(state__in=["draft", "withdrawn"])
    return rows.select_related("lab").order_by("-submitted_at", "id")


def designations_for(user):
    """The designations that a new one may supersede: those that none supersedes yet."""
    rows = Designation.objects.visible_to(user).beyond(user).filter(superseded_by=None)
    return rows.select_related("lab").order_by("-recorded_at", "id")


class KeyField(forms.UUIDField):
    """A hidden key, so that a form sent twice makes one row."""

    def __init__(self):
        super().__init__(required=False, initial=uuid4, widget=forms.HiddenInput)
