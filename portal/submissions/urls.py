"""The lab's pages, mounted at /lab/."""

from django.urls import path

from portal.submissions.views import (
    cases,
    contacts,
    disclosures,
    documents,
    drafts,
    evaluations,
    evidence,
    exports,
    questions,
    record,
    spills,
    steps,
    submitting,
    terms,
)

app_name = "lab"
CASE = "cases/<str:case_number>/"

urlpatterns = [
    path("", cases.cases, name="cases"),
    path("cases/new/", drafts.new, name="new"),
    path(CASE, cases.case, name="case"),
    path(f"{CASE}edit/", drafts.edit, name="edit"),
    path(f"{CASE}edit/<slug:step>/", drafts.edit, name="edit_step"),
    path(f"{CASE}evidence/", evidence.read, name="evidence"),
    path(f"{CASE}evidence/take/", evidence.take_offer, name="take_evidence"),
    path(f"{CASE}evaluations/new/", evaluations.add, name="add_evaluation"),
    path(
        f"{CASE}evaluations/<uuid:evaluation_id>/take_back/",
        evaluations.take_back,
        name="take_back_evaluation",
    ),
    path(f"{CASE}contacts/", contacts.contacts, name="contacts"),
    path(f"{CASE}contacts/<uuid:contact_id>/take_off/", contacts.take_off, name="take_off_contact"),
    path(f"{CASE}review/", submitting.review, name="review"),
    path(f"{CASE}receipt/", submitting.receipt, name="receipt"),
    path(f"{CASE}receipt/pdf/", exports.receipt_pdf, name="receipt_pdf"),
    path(f"{CASE}archive/", exports.take_along, name="take_along"),
    path(f"{CASE}who/<str:form>", exports.export_record, name="export_record"),
    path(f"{CASE}facts/", steps.correct, name="correct_facts"),
    path(f"{CASE}documents/", documents.listed, name="documents"),
    path(f"{CASE}documents/new/", documents.add, name="add_document"),
    path(f"{CASE}documents/<uuid:document_id>/new-version/", documents.new_version, name="new_version"),
    path(f"{CASE}documents/<uuid:document_id>/marking/", documents.mark, name="mark_document"),
    path(f"{CASE}documents/<uuid:document_id>/report-spill/", spills.report_document, name="report_spill"),
    path(f"{CASE}terms/accept/", terms.accept, name="accept_terms"),
    path(f"{CASE}terms/propose/", terms.propose, name="propose_terms"),
    path(f"{CASE}access/", steps.provide_access, name="provide_access"),
    path(f"{CASE}access/reveal/", steps.reveal, name="reveal"),
    path(f"{CASE}dates/", steps.move_dates, name="move_dates"),
    path(f"{CASE}release/", steps.release, name="release"),
    path(f"{CASE}withdraw/", steps.withdraw, name="withdraw"),
    path(f"{CASE}questions/", questions.questions, name="questions"),
    path(f"{CASE}questions/<int:number>/", questions.question, name="question"),
    path("disclosures/", disclosures.inbox, name="disclosures"),
    path(f"{CASE}disclosures/<int:number>/", disclosures.notice, name="disclosure"),
    path(f"{CASE}ended/", record.ended, name="ended"),
    path(f"{CASE}who/", record.who, name="who"),
    path(f"{CASE}changes/", record.changes, name="changes"),
    path("documents/<uuid:document_id>/compare/", documents.compare, name="compare"),
    path("documents/<uuid:version_id>/content/", documents.content, name="content"),
]
