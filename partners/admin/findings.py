"""Findings on the workbench: what was reported, what waits on whom, and every step that is the government's."""

from django.contrib import admin, messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from partners import policies_findings as policies
from partners.actions import findings as actions
from partners.admin import finding_files
from partners.admin import findings_forms as forms
from partners.admin.findings_questions import Clock, Waits, Which
from partners.doors_advisories import handed_out
from partners.finding_advisories import FORMATS
from partners.findings_looks import read_findings
from partners.findings_states import FINDING, FindingState
from partners.models import Finding
from portal.accounts.models import Kind, Role
from portal.admin import PortalAdmin, Step, state_tag
from portal.errors import Refused
from portal.formats import instant
from portal.stepup import confirmed

F = FindingState
SHOWN = 5


class FindingAdmin(finding_files.OpensFiles, PortalAdmin):
    list_display = (
        "number",
        "title",
        "product",
        "state_shown",
        "reporter",
        "reported_at",
        "disclosure_due_at",
    )
    keys_first = True
    list_filter = (Waits, Clock, Which)
    search_fields = ("number__istartswith",)
    search_help_text = "The beginning of a number, or words of title, product and text."
    ordering = ("-created_at", "id")
    singular, plural = "finding", "findings"
    fields = readonly_fields = (
        "number", "kind", "title", "text", "product", "version", "cwe", "cvss", "ssvc", "tlp", "exploited_shown", "exploited_at",
        "embargo_until", "reporter", "reporter_chain", "case_shown", "owner_shown", "vendor_contact", "duplicate_shown",
        "reported_at", "triaged_at", "validated_at", "owner_notified_at", "disclosure_due_at", "disclosure_extended_at",
        "owner_consented_at", "remediating_at", "fixed_at", "published_at", "closed_unpublished_at", "relays_shown",
    )  # fmt: skip
    machine = FINDING
    subject = "finding"
    add_step = Step(
        "create_finding",
        actions.create_finding,
        form=forms.NewForm,
        label="Write a finding",
        submit="Save the draft",
        explain="Your agency's own, seen by its people alone until it is reported.",
        done="Saved as a draft. Report it when it is complete.",
    )
    steps = (
        Step(
            "edit",
            actions.save_finding,
            form=forms.EditForm,
            label="Edit",
            submit="Save the draft",
            done="Saved.",
            available=lambda user, finding, at: policies.may_edit_finding(user, finding),
        ),
        *finding_files.STEPS,
        Step(
            "report",
            actions.report,
            explain="The programme office reads it from now on, and it is not edited any more.",
            done="Reported.",
        ),
        Step("triage", actions.triage, form=forms.TriageForm, done="Triaged. The reporter is told."),
        Step("validate", actions.validate, explain="The weakness was seen again.", done="Validated."),
        Step(
            "not_reproduce",
            actions.not_reproduce,
            explain="It ends here. The reason says what was tried; the reporter is told that it was not reproduced.",
            done="Recorded as not reproduced.",
            grave=True,
        ),
        Step(
            "mark_duplicate",
            actions.mark_duplicate,
            form=forms.DuplicateForm,
            explain="It ends here, and is followed under the other number. The reporter is not told which, unless they see it.",
            done="Marked as a duplicate.",
            grave=True,
        ),
        Step(
            "notify_owner",
            actions.notify_owner,
            form=forms.OwnerForm,
            explain="A lab reads the finding from now on, and not who reported it. The disclosure clock starts.",
            done="The owner is notified. The disclosure clock runs.",
        ),
        Step(
            "remediate",
            actions.remediate,
            explain="You record for the outside vendor that it has begun.",
            done="Recorded.",
        ),
        Step(
            "fix",
            actions.fix,
            explain="You record for the outside vendor that it is fixed. The disclosure clock stops.",
            done="Recorded as fixed.",
        ),
        Step(
            "consent_publication",
            actions.consent_publication,
            explain="You record that the outside vendor consents to publication before the embargo has passed, and to partners"
            " being told before that.",
            done="The consent is recorded.",
            available=lambda user, finding, at: finding.owner_consented_at is None,
        ),
        Step(
            "publish",
            actions.publish,
            explain="With the owner's consent, or once the embargo has passed. It cannot be taken back.",
            done="Published.",
            grave=True,
        ),
        Step(
            "close_unpublished",
            actions.close_unpublished,
            explain="It ends here without publication.",
            done="Closed.",
            grave=True,
        ),
        Step(
            "set_embargo",
            actions.set_embargo,
            form=forms.EmbargoForm,
            explain="Nothing of it is published before, unless its owner consents.",
            done="The embargo is set.",
        ),
        Step(
            "mark_exploited",
            actions.mark_exploited,
            explain="The disclosure date comes nearer, and everyone concerned is told.",
            done="Recorded as exploited.",
            available=lambda user, finding, at: not finding.exploited,
        ),
        Step(
            "extend_disclosure",
            actions.extend_disclosure,
            explain="The disclosure date moves once. An embargo that ends with it follows.",
            done="The disclosure date has moved.",
            available=lambda user, finding, at: finding.disclosure_extended_at is None,
        ),
        Step(
            "address",
            actions.address,
            form=forms.AddressForm,
            label="Address to partners",
            submit="Tell these partners",
            explain="Their people read it from now on, and not who reported it or who else was told. It cannot be taken back.",
            done="The partners are told.",
        ),
        Step(
            "set_marking",
            actions.set_marking,
            form=forms.MarkingForm,
            explain="Your agency reported it, so its marking is yours to change. The marking says how far it may be passed on.",
            done="The marking is changed.",
        ),
        Step(
            "relay",
            actions.relay,
            form=forms.RelayForm,
            explain="Its state stays. While the relay is under way no date of the finding moves.",
            done="The relay is recorded.",
        ),
    )
    bulk_steps = ("triage",)

    def may_open(self, user) -> bool:
        roles = (Role.COORDINATOR, Role.REVIEWER, Role.LIAISON, Role.DESIGNATOR, Role.AUDITOR)
        return user.has_seat(Kind.AGENCY, *roles)

    def may_add(self, user) -> bool:
        return bool(set(policies.reporting_organisations(user)) & set(user.organisations_as(Kind.AGENCY)))

    def capacities(self, user, obj, *, at):
        return policies.finding_capacities(user, obj)

    def for_page(self, rows):
        return rows.whole()

    def for_list(self, rows):
        return rows.for_list()

    def listed(self, request, objects):
        read_findings(actor=request.user, findings=objects, verb="listed_findings")

    def opened(self, request, obj):
        read_findings(actor=request.user, findings=[obj])

    def get_object(self, request, object_id, from_field=None):
        found = super().get_object(request, object_id, from_field)
        # What of it is open to this person, for the fields below.
        found.case_open = policies.reads_case(request.user, found)
        found.original = self.get_queryset(request).filter(pk=found.duplicate_of_id).first()
        return found

    def panels(self, request, finding):
        """Its files; and the findings that it may be a duplicate of, as far as the person sees them, until that is decided."""
        files = [
            (reverse("admin:partners_finding_file", args=[finding.pk, form]), label)
            for form, label in FORMATS.items()
        ]
        taken = ("Take it along", "partners/admin/findings_files.html", {"files": files})
        evidence = finding_files.panel(request, finding)
        found = [evidence] if finding.state == F.DRAFT else [evidence, taken]
        if policies.reads_addressees(request.user, finding) and (
            told := list(finding.addressees.select_related("partner"))
        ):
            found.append(
                ("Partners that were told", "partners/admin/findings_addressed.html", {"rows": told})
            )
        if finding.state not in (F.REPORTED, F.TRIAGED):
            return found
        rows = Finding.objects.visible_to(request.user).beyond(request.user).exclude(pk=finding.pk)
        alike = list(rows.alike(finding.title, finding.product).defer("text", "reporter_chain")[:SHOWN])
        read_findings(actor=request.user, findings=alike, verb="listed_findings")
        return [("Alike", "partners/admin/findings_alike.html", {"rows": alike}), *found]

    def get_urls(self):
        file = path(
            "<uuid:object_id>/file/<slug:written>/", self.wrap(self.file_view), name="partners_finding_file"
        )
        return [file, *super().get_urls()]

    @method_decorator(require_GET)
    @confirmed
    def file_view(self, request, object_id, written: str):
        """The finding as a CSAF or OSV file."""
        finding = self.visible_or_404(request, object_id)
        if written not in FORMATS:
            raise Http404
        try:
            return handed_out(request.user, finding, written)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return redirect(self.url_of("change", finding))

    @admin.display(description="State")
    def state_shown(self, finding):
        return state_tag(FindingState(finding.state))

    @admin.display(description="Exploited")
    def exploited_shown(self, finding):
        return "Yes" if finding.exploited else "Not as far as is known"

    @admin.display(description="Case")
    def case_shown(self, finding):
        told = finding.submission is not None and finding.case_open
        return finding.submission.case_number if told else self.empty_value_display

    @admin.display(description="Owner")
    def owner_shown(self, finding):
        return str(finding.owner) if finding.owner else self.empty_value_display

    @admin.display(description="Duplicate of")
    def duplicate_shown(self, finding):
        return finding.original.number if finding.original else self.empty_value_display

    @admin.display(description="Relays")
    def relays_shown(self, finding):
        said = [
            f"{relay.clearinghouse}, {instant(relay.requested_at)}: {relay.their_id or 'under way'}"
            for relay in finding.relays.all()
        ]
        return "; ".join(said) or self.empty_value_display
