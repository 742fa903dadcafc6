"""The lab's pages about partners of its case and about findings, mounted at /lab/."""

from django.urls import path

from partners import findings_urls
from partners.views import findings
from partners.views.lab import nominations, pages, steps

app_name = "lab_partners"
CASE = "cases/<str:case_number>/partners/"
GRANT = f"{CASE}<uuid:grant_id>/"

urlpatterns = [
    path("partners/nominate/", nominations.nominate, name="nominate"),
    path(CASE, pages.grants, name="grants"),
    path(f"{CASE}coverage/", pages.coverage, name="coverage"),
    path(f"{CASE}propose/", pages.propose, name="propose"),
    path(GRANT, pages.grant, name="grant"),
    path(f"{GRANT}reveal/", pages.reveal, name="reveal"),
    path(f"{GRANT}consent/", steps.consent, name="consent"),
    path(f"{GRANT}decline/", steps.decline, name="decline"),
    path(f"{GRANT}suspend/", steps.suspend, name="suspend"),
    path(f"{GRANT}resume/", steps.resume, name="resume"),
    path(f"{GRANT}revoke/", steps.revoke, name="revoke"),
    path(f"{GRANT}extend/", steps.extend, name="extend"),
    path(f"{GRANT}extend/agree/", steps.agree_extension, name="agree_extension"),
    path(f"{GRANT}documents/", steps.documents, name="documents"),
    path(f"{GRANT}instructions/", steps.instructions, name="instructions"),
    *findings_urls.pages(findings.LAB),
]
