"""Rubrics on the workbench: every version is read, and a coordinator of the programme publishes the next."""

from functools import partial

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from portal.accounts.models import Kind
from portal.admin import PortalAdmin
from portal.admin.asking import PublishesVersions, Publishing, Versioned
from reviews import actions, policies
from reviews.admin.columns import shown
from reviews.models import Domain, RubricQuestion, RubricVersion
from reviews.querysets_rubrics import READERS
from reviews.rubrics import NOUNS, prepare

VERSIONED = Versioned(RubricVersion, NOUNS, lambda version: version.questions.all(), RubricQuestion.MOST)


class RubricAdmin(PublishesVersions, PortalAdmin):
    singular, plural = "rubric", "rubrics"
    list_display = ("domain", "number", "asked", "published_at", "publisher")
    list_filter = ("domain",)
    ordering = ("domain", "-number")
    fields = readonly_fields = (
        "domain", "number", "note", "introduction", "published_at", shown("published_by", "Published by"),
    )  # fmt: skip
    change_list_template = "reviews/admin/rubrics.html"

    def may_open(self, user):
        return user.has_seat(Kind.AGENCY, *READERS)

    def for_page(self, rows):
        return rows.for_workbench()

    def get_urls(self):
        name = "reviews_rubricversion_publish"
        return [path("publish/<str:domain>/", self.wrap(self.publish_view), name=name), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        publishable = Domain.choices if policies.publishes_rubrics(request.user) else []
        return super().changelist_view(request, {"publishable": publishable} | (extra_context or {}))

    def panels(self, request, version):
        context = {"rows": list(version.questions.all())}
        return [("Questions", "admin/asking/rows.html", context)]

    @admin.display(description="Questions")
    def asked(self, version):
        return version.asked

    @admin.display(description="Published by")
    def publisher(self, version):
        return version.published_by.name if version.published_by else "The portal"

    def publish_view(self, request: HttpRequest, domain: str) -> HttpResponse:
        """Write the next version of a domain, see what it changes, and only then publish it."""
        if not self.has_view_permission(request) or domain not in Domain.values:
            raise Http404
        if not policies.publishes_rubrics(request.user):
            raise PermissionDenied("A programme coordinator publishes rubrics.")
        label = Domain(domain).label
        publishing = Publishing(
            kind=VERSIONED,
            current=partial(RubricVersion.objects.current, domain),
            prepare=partial(prepare, domain=domain),
            publish=partial(actions.publish_rubric, domain=domain),
            called=f"the {label} rubric",
            lead=f"{label}.",
            done="Drafts stay with the version they have.",
            explain="An assessment of this domain answers these questions in words. There is no score, and none asks whether or"
            " when to release.",
            preview="reviews/admin/rubric_preview.html",
            beside=lambda: {"drafts": RubricVersion.objects.pinned_drafts(domain)},
        )
        return self.publish_page(request, publishing)
