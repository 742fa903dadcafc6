"""The lab's pages, mounted at /lab/."""

from django.urls import path

from portal.submissions.views import cases, documents, drafts, record, steps, submitting, terms

app_name = "lab"
CASE = "cases/<str:case_number>/"

urlpatterns = [
    path("", cases.cases, name="cases"),
    path("cases/new/", drafts.new, name="new"),
    path(CASE, cases.case, name="case"),
    path(f"{CASE}edit/", drafts.edit, name="edit"),
    path(f"{CASE}edit/<slug:step>/", drafts.edit, name="edit_step"),
    path(f"{CASE}review/", submitting.review, name="review"),
    path(f"{CASE}receipt/", submitting.receipt, name="receipt"),
    path(f"{CASE}facts/", steps.correct, name="correct_facts"),
    path(f"{CASE}documents/new/", documents.add, name="add_document"),
    path(f"{CASE}documents/<uuid:document_id>/new-version/", documents.new_version, name="new_version"),
    path(f"{CASE}terms/accept/", terms.accept, name="accept_terms"),
    path(f"{CASE}terms/propose/", terms.propose, name="propose_terms"),
    path(f"{CASE}access/", steps.provide_access, name="provide_access"),
    path(f"{CASE}access/reveal/", steps.reveal, name="reveal"),
    path(f"{CASE}dates/", steps.move_dates, name="move_dates"),
    path(f"{CASE}release/", steps.release, name="release"),
    path(f"{CASE}withdraw/", steps.withdraw, name="withdraw"),
    path(f"{CASE}who/", record.who, name="who"),
    path(f"{CASE}changes/", record.changes, name="changes"),
    path("documents/<uuid:version_id>/content/", documents.content, name="content"),
]
