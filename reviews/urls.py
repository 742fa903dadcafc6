"""The lab's pages about assessments, inquiries and designations, mounted at /lab/."""

from django.urls import path

from reviews import views

app_name = "lab_reviews"
CASE = "cases/<str:case_number>/assessments/"
INQUIRY = "inquiries/<str:number>/"

urlpatterns = [
    path(CASE, views.assessments, name="assessments"),
    path(f"{CASE}report/", views.report_pdf, name="report"),
    path(f"{CASE}<uuid:assessment_id>/", views.assessment, name="assessment"),
    path(f"{CASE}<uuid:assessment_id>/retests/<uuid:retest_id>/", views.answer_retest, name="answer_retest"),
    path("inquiries/", views.inquiries, name="inquiries"),
    path("inquiries/new/", views.new_inquiry, name="new_inquiry"),
    path(INQUIRY, views.inquiry, name="inquiry"),
    path(f"{INQUIRY}edit/", views.edit_inquiry, name="edit_inquiry"),
    path(f"{INQUIRY}submit/", views.submit_inquiry, name="submit_inquiry"),
    path(f"{INQUIRY}withdraw/", views.withdraw_inquiry, name="withdraw_inquiry"),
    path("designations/", views.designations, name="designations"),
    path("designations/<uuid:designation_id>/", views.designation, name="designation"),
]
