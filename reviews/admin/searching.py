"""What a search of the workbench finds of assessments, inquiries and designations."""

from urllib.parse import urlencode

from django.urls import reverse

from portal.admin.panels import Group, Hit, group
from portal.searching import marked_up, ranked
from reviews import looks
from reviews.models import Assessment, Designation, Inquiry


def search(request, text: str) -> list[Group]:
    """Among what this person sees; the looks at assessments and inquiries whose words are shown are recorded."""
    user = request.user
    assessments, read = group(
        "Assessments",
        ranked(Assessment.objects.visible_to(user).beyond(user), Assessment.WORDS, text).select_related(
            "submission__lab", "author"
        ),
        lambda row: _hit(
            row,
            f"{row.get_domain_display()}, by {row.author}",
            f"{row.submission}, {row.submission.lab.name}",
        ),
        _list(Assessment, text),
    )
    looks.read_assessments(actor=user, assessments=read)
    inquiries, asked = group(
        "Inquiries",
        ranked(
            Inquiry.objects.visible_to(user).beyond(user).readable_to(user), Inquiry.WORDS, text
        ).select_related("lab"),
        lambda row: _hit(row, row.model_name, f"{row.number}, {row.lab.name}"),
        _list(Inquiry, text),
    )
    looks.read_inquiries(actor=user, inquiries=asked, verb="found")
    designations, _ = group(
        "Designations",
        ranked(Designation.objects.visible_to(user).beyond(user), Designation.WORDS, text).select_related(
            "lab"
        ),
        lambda row: _hit(row, row.subject, f"{row}, {row.lab.name}"),
        _list(Designation, text),
    )
    return [assessments, inquiries, designations]


def _hit(row, title: str, about: str) -> Hit:
    page = reverse(f"admin:reviews_{row._meta.model_name}_change", args=[row.pk])
    return Hit(title, page, about, marked_up(row.snippet))


def _list(model, text: str) -> str:
    page = reverse(f"admin:reviews_{model._meta.model_name}_changelist")
    return f"{page}?{urlencode({'q': text})}"
