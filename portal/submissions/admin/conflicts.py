"""Conflicts of interest: each person declares their own, a programme coordinator anyone's."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods

from portal import programme
from portal.accounts.models import Kind, Organisation, Role, User
from portal.admin import PortalAdmin, Question, Step, StepForm
from portal.doors import verb_post
from portal.submissions import actions
from portal.submissions.models import Submission
from portal.submissions.on_record import may_confirm, on_record
from portal.submissions.querysets import agency_wide


class DeclareForm(StepForm):
    """A lab or one case; whom it is about only for those who may declare for others."""

    user = forms.ModelChoiceField(User.objects.none(), label="Person")
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        required=False,
        label="Lab",
        help_text="Hides every case of this lab from the person.",
    )
    submission = forms.CharField(
        required=False,
        label="Case number",
        help_text="Or one case only, such as FM-7K3Q-9D2V.",
        max_length=20,
    )
    note = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why, for the programme's coordinators to read.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = Organisation.objects.filter(kind=Kind.LAB)
        if Role.COORDINATOR in agency_wide(self.user):
            people = User.objects.filter(
                is_active=True, memberships__organisation__kind=Kind.AGENCY, memberships__ended_at=None
            )
            self.fields["user"].queryset = people.distinct()
            self.initial.setdefault("user", self.user.pk)
        else:
            del self.fields["user"]

    def clean_submission(self):
        number = self.cleaned_data["submission"].strip().upper()
        if not number:
            return None
        found = Submission.objects.visible_to(self.user).filter(case_number=number).first()
        if found is None:
            raise forms.ValidationError("No case that you see has this number.")
        return found

    def arguments(self) -> dict:
        return {"user": self.user} | super().arguments()


class Holds(Question):
    title = "whether it holds"
    parameter_name = "holds"
    questions = {
        "now": ("Holds now", lambda rows, user, at: rows.standing()),
        "ended": ("Ended", lambda rows, user, at: rows.exclude(ended_at=None)),
        "mine": ("Mine", lambda rows, user, at: rows.filter(user=user)),
    }


class ConflictAdmin(PortalAdmin):
    list_display = ("user", "about", "declared_at", "declared_by", "ended_at")
    list_filter = (Holds,)
    list_select_related = ("user", "organisation", "submission", "declared_by")
    search_fields = ("user__name__istartswith", "user__email__istartswith")
    search_help_text = "The beginning of a person's name or address."
    ordering = ("-declared_at", "id")
    fields = ("user", "about", "note", "declared_by", "declared_at", "ended_at")
    readonly_fields = fields
    subject = "conflict"
    change_list_template = "admin/conflicts.html"
    add_step = Step(
        "declare_conflict",
        actions.declare_conflict,
        form=DeclareForm,
        label="Declare a conflict",
        explain="The lab's cases, or the one case, are hidden from the person everywhere and at once, their numbers included.",
        done="The conflict is recorded and holds from now on.",
    )
    steps = (
        Step(
            "end_conflict",
            actions.end_conflict,
            label="End this conflict",
            explain="The person sees again what their roles open. Only a coordinator who is not the person ends a conflict.",
            done="The conflict has ended.",
            available=lambda user, conflict, at: (
                conflict.ended_at is None
                and conflict.user_id != user.pk
                and Role.COORDINATOR in agency_wide(user)
            ),
        ),
    )

    def for_page(self, rows):
        return rows.select_related(*self.list_select_related)

    @admin.display(description="About")
    def about(self, conflict):
        return conflict.organisation or f"Case {conflict.submission}"

    # --- what is on record about oneself -------------------------------------------------------------------------------------
    def get_urls(self):
        confirm = path("confirm/", self.wrap(self.confirm_view), name="submissions_conflict_confirm")
        return [confirm, *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        """What is on record about the person, and the POST by which they say that it is complete."""
        if not self.has_view_permission(request):
            raise Http404
        asked = may_confirm(request.user)
        if request.method == "POST":
            if not asked:
                raise PermissionDenied("This step is not yours to take.")
            return self._confirm(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Your conflicts and ties",
            "found": on_record(request.user),
            "asked": asked,
            "days": programme.target("conflict_renewal_days"),
            "opts": self.opts,
            "plural": self.plural,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/on_record.html", context)

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        shown = {name: request.POST.get(name, "") for name in ("seen", "said")}
        return verb_post(
            request,
            lambda: actions.confirm_conflicts(actor=request.user, **shown),
            done="You confirmed what is on record about you.",
            back=reverse("admin:submissions_conflict_confirm"),
        )
