"""The partner's pages, mounted at /partner/."""

from django.urls import path

from partners.findings_urls import pages
from partners.views import evidence, findings, grants, home, profile, reports
from portal.submissions.views import documents

app_name = "partner"
GRANT = "grants/<uuid:grant_id>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("profile/", profile.profile, name="profile"),
    path("profile/evidence/", evidence.add, name="evidence"),
    path("profile/evidence/<uuid:evidence_id>/content/", evidence.content, name="evidence_content"),
    path("profile/evidence/<uuid:evidence_id>/remove/", evidence.remove, name="remove_evidence"),
    path(GRANT, grants.grant, name="grant"),
    path(f"{GRANT}accept/", grants.accept, name="accept"),
    path(f"{GRANT}decline/", grants.decline, name="decline"),
    path(f"{GRANT}surrender/", grants.surrender, name="surrender"),
    path(f"{GRANT}close-out/", grants.close_out, name="close_out"),
    path(f"{GRANT}report/", reports.report, name="report"),
    path(f"{GRANT}reveal/", grants.reveal, name="reveal"),
    path(f"{GRANT}people/", grants.people, name="people"),
    path(f"{GRANT}people/<uuid:user_id>/unname/", grants.unname, name="unname"),
    *pages(findings.PARTNER),
    path("documents/<uuid:version_id>/content/", documents.content, name="content"),
]
