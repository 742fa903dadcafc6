"""The pages of findings for partners and labs: those their organisation reports, and for a lab those it owns."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partners import policies_findings as policies
from partners.actions import findings as actions
from partners.finding_advisories import FORMATS
from partners.finding_files import files_read_by
from partners.findings_forms import FindingForm, NewFindingForm
from partners.findings_looks import read_findings
from partners.models import Finding
from partners.querysets_findings import WRITERS
from portal.accounts.models import Kind
from portal.doors import answer, page_of, see_other, verb_post
from portal.submissions.models import Document
from portal.submissions.panels import areas_of
from portal.submissions.views.base import posted_revision, take


@dataclass(frozen=True, slots=True)
class Side:
    """Whose pages these are: the kind of organisation, its addresses and its frame."""

    kind: str
    space: str
    base: str

    def url(self, name: str, *args) -> str:
        return reverse(f"{self.space}:{name}", args=args)


PARTNER = Side(Kind.PARTNER, "partner", "partners/base.html")
LAB = Side(Kind.LAB, "lab_partners", "lab/base.html")

# Steps that ask for nothing but a decision: verb -> action, what is said when it is done.
STEPS: dict[str, tuple[Callable, str]] = {
    "report": (actions.report, "Reported. The programme office reads it from now on."),
    "remediate": (actions.remediate, "Recorded. The programme office and the reporter are told."),
    "fix": (actions.fix, "Recorded as fixed. The disclosure clock has stopped."),
    "consent_publication": (actions.consent_publication, "Your lab's consent to publication is recorded."),
    "extend_disclosure": (actions.extend_disclosure, "The disclosure date has moved."),
    "publish": (actions.publish, "Published."),
    "set_marking": (actions.set_marking, "The marking is changed."),
}
# What a step asks for beside the decision.
ASKED = {"set_marking": ("tlp",)}


def sided(*methods: str) -> Callable:
    """A page for signed-in persons with a seat on its side; to others it does not exist."""

    def wrap(view: Callable) -> Callable:
        @require_http_methods(methods or ("GET", "HEAD"))
        @login_required
        @functools.wraps(view)
        def seated(request: HttpRequest, *args, side: Side, **kwargs) -> HttpResponse:
            if not request.user.has_seat(side.kind):
                raise Http404
            return view(request, *args, side=side, **kwargs)

        return seated

    return wrap


def own_findings(user, side: Side):
    """Those that a person's organisations of this side report, own or were told of, within what they may see."""
    return Finding.objects.of_side(user, side.kind)


def the_finding(request: HttpRequest, side: Side, finding_id) -> Finding:
    return get_object_or_404(own_findings(request.user, side).whole(), pk=finding_id)


def side_page(request: HttpRequest, template: str, side: Side, *, form=None, **context) -> HttpResponse:
    shown = {"side": side, "base": side.base, "is_lab": side.kind == Kind.LAB, "home": side.url("findings")}
    if side.kind == Kind.LAB:
        shown["areas"] = areas_of(request)
    if form is None:
        return render(request, template, shown | context)
    return answer(request, template, shown | context, form=form)


@sided()
def listed(request: HttpRequest, *, side: Side) -> HttpResponse:
    """The findings of a person's organisations, the newest first."""
    page = page_of(request, own_findings(request.user, side).for_list())
    rows = list(page.object_list)
    read_findings(actor=request.user, findings=rows, verb="listed_findings")
    own = request.user.organisations_as(side.kind)
    return side_page(
        request,
        "partners/findings/list.html",
        side,
        page=page,
        rows=[
            {
                "finding": row,
                "url": side.url("finding", row.pk),
                "reported": row.reporter_id in own,
                "owned": row.owner_id in own,
            }
            for row in rows
        ],
        new=side.url("new_finding") if writes_findings(request.user, side) else "",
        bring_in=side.url("import_finding") if writes_findings(request.user, side) else "",
    )


def writes_findings(user, side: Side) -> bool:
    return user.has_seat(side.kind, *WRITERS[Kind(side.kind)])


@sided("GET", "HEAD", "POST")
def new(request: HttpRequest, *, side: Side) -> HttpResponse:
    """Begin a finding: a draft that its organisation's people alone see."""
    if not writes_findings(request.user, side):
        raise PermissionDenied("Administrators and contributors of your lab write its findings.")
    data = request.POST if request.method == "POST" else None
    form = NewFindingForm(data, user=request.user, kind=side.kind)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.create_finding(actor=request.user, **form.arguments()),
        done="Saved as a draft. Report it when it is complete.",
        to=lambda finding: side.url("finding", finding.pk),
    )
    return done or side_page(
        request,
        "partners/findings/form.html",
        side,
        form=form,
        title="New finding",
        back=side.url("findings"),
    )


@sided("GET", "HEAD", "POST")
def edit(request: HttpRequest, finding_id, *, side: Side) -> HttpResponse:
    """Change a draft; what was typed stays where it cannot be saved."""
    finding = the_finding(request, side, finding_id)
    here = side.url("finding", finding.pk)
    if not policies.may_edit_finding(request.user, finding):
        if "reporter" not in policies.finding_capacities(request.user, finding):
            raise PermissionDenied("Only those who report a finding change it.")
        return see_other(here)
    data = request.POST if request.method == "POST" else None
    now = {name: getattr(finding, name) for name in Finding.WRITTEN}
    form = FindingForm(data, user=request.user, initial=now)
    done = form.is_bound and take(
        request,
        form,
        lambda: actions.save_finding(
            actor=request.user,
            finding=finding,
            values=form.values(),
            expected_revision=posted_revision(request.POST),
        ),
        done="Saved.",
        to=here,
    )
    if done:
        return done
    read_findings(actor=request.user, findings=[finding])
    return side_page(
        request,
        "partners/findings/form.html",
        side,
        form=form,
        title=f"Edit {finding.number}",
        back=here,
        revision=posted_revision(request.POST) if form.is_bound else finding.revision,
    )


@sided()
def finding(request: HttpRequest, finding_id, *, side: Side) -> HttpResponse:
    """One finding, and the steps that are the person's now."""
    found, user = the_finding(request, side, finding_id), request.user
    read_findings(actor=user, findings=[found])
    verbs = policies.open_finding_verbs(user, found)
    return side_page(
        request,
        "partners/findings/finding.html",
        side,
        finding=found,
        steps=[
            (verb, side.url("take_finding", found.pk, verb))
            for verb in verbs
            if verb in STEPS and verb not in ASKED
        ],
        mark=side.url("take_finding", found.pk, "set_marking") if "set_marking" in verbs else "",
        markings=Document.Tlp.choices,
        consents="consent_publication" in verbs,
        is_addressed=policies.is_addressed(user, found),
        edit=side.url("edit_finding", found.pk) if policies.may_edit_finding(user, found) else "",
        reads_reporter=policies.reads_reporter(user, found),
        evidence=[
            (
                row,
                side.url("open_file", found.pk, row.file.pk),
                side.url("remove_file", found.pk, row.file.pk),
            )
            for row in files_read_by(user, found)
        ],
        add_file=side.url("add_file", found.pk) if policies.may_add_file(user, found) else "",
        files=[(side.url("finding_file", found.pk, form), label) for form, label in FORMATS.items()],
    )


@sided("POST")
def step(request: HttpRequest, finding_id, verb: str, *, side: Side) -> HttpResponse:
    """Take one step; what came of it is said on the finding's page."""
    found = the_finding(request, side, finding_id)
    if verb not in STEPS:
        raise Http404
    if not policies.may_take_finding(request.user, found, verb):
        raise PermissionDenied("This step is not yours to take.")
    action, said = STEPS[verb]
    revision = posted_revision(request.POST)
    asked = {name: request.POST.get(name, "") for name in ASKED.get(verb, ())}
    return verb_post(
        request,
        lambda: action(actor=request.user, finding=found, expected_revision=revision, **asked),
        done=said,
        back=side.url("finding", found.pk),
    )
