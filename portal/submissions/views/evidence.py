"""Evidence that a lab has already is read instead of retyped: what was found is offered, and each value is confirmed."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from portal import clock
from portal.doors import attempt, see_other
from portal.errors import AlreadyDone, Invalid, Refused
from portal.formats import instant
from portal.submissions import actions, looks
from portal.submissions.actions.drafts import digest, value_of
from portal.submissions.actions.evaluations import Source, Taken
from portal.submissions.evidence import Unreadable, read_evidence
from portal.submissions.evidence.offers import offer_of, taken
from portal.submissions.files import tidy_name
from portal.submissions.forms import BareForm, EarlierCaseForm, EvidenceForm, EvidenceInCaseForm
from portal.submissions.missing import missing
from portal.submissions.models import Document, DocumentVersion, Evaluation, Facts, Submission
from portal.submissions.states import State
from portal.submissions.views.base import case_url, lab_page, not_now, own_cases, page, the_case
from portal.submissions.views.evaluations import evaluations_url

SALT, GOOD_FOR = "portal.lab.evidence", 24 * 3600
EARLIER_AT_MOST, VERSIONS_AT_MOST = 200, 300


@lab_page("GET", "POST")
def read(request: HttpRequest, case_number: str) -> HttpResponse:
    """Choose what to read: a file, a document of the case, or, for a draft, an earlier submission. Then its offer is shown."""
    case = the_case(request, case_number)
    if away := not_now(request, case, "add_evaluations"):
        return away
    posted = request.POST if request.method == "POST" else None
    kind = request.POST.get("do", "")
    versions, earlier = _versions(request, case), _earlier(request, case)
    forms: dict[str, BaseForm] = {
        "file": EvidenceForm(posted, request.FILES) if kind == "file" else EvidenceForm(),
        "document": EvidenceInCaseForm(posted if kind == "document" else None, versions=versions),
        "case": EarlierCaseForm(posted if kind == "case" else None, cases=earlier),
    }
    form = forms.get(kind)
    offer = None
    if form is not None and form.is_bound and form.is_valid():
        offer = _OFFERS[kind](request, case, form)
    if offer is not None:
        return _offered(request, case, offer)
    # Their models' names stand in the choice.
    looks.listed(actor=request.user, submissions=earlier)
    return page(
        request,
        "lab/evidence.html",
        case,
        look="viewed_draft" if case.state == State.DRAFT else "viewed_case",
        form=form,
        forms=forms,
        versions=versions,
        earlier=earlier,
        back=evaluations_url(case),
    )


def _hash(upload: Any) -> str:
    upload.seek(0)
    return hashlib.file_digest(upload, "sha256").hexdigest()


def _versions_seen(request: HttpRequest, case: Submission) -> QuerySet[DocumentVersion]:
    documents = Document.objects.visible_to(request.user).filter(submission=case).order_by()
    return DocumentVersion.objects.filter(document__in=documents.values("pk"))


def _versions(request: HttpRequest, case: Submission) -> list[DocumentVersion]:
    """The newest version of each document of the case."""
    found = _versions_seen(request, case).select_related("document__submission")
    newest = found.order_by("document_id", "-number").distinct("document_id")
    return sorted(newest[:VERSIONS_AT_MOST], key=lambda version: version.document.created_at)


def _earlier(request: HttpRequest, case: Submission) -> list[Submission]:
    if case.state != State.DRAFT:
        return []
    others: QuerySet = (
        own_cases(request.user).filter(lab=case.lab_id, facts__isnull=False).exclude(pk=case.pk)
    )
    return list(others.select_related("facts").order_by("-created_at", "id")[:EARLIER_AT_MOST])


def _from_file(request: HttpRequest, case: Submission, form: EvidenceForm) -> dict[str, Any] | None:
    """The offer of an uploaded file. What cannot be read is said beside the field, and kept only where that was asked for."""
    upload = request.FILES["file"]
    # Read before it is kept: keeping it locks the case until the request ends.
    name, found, problem = upload.name, None, ""
    try:
        name = tidy_name(name)
        found = read_evidence(upload)
    except (Invalid, Unreadable) as refusal:
        problem = str(refusal)
    version = _keep(request, case, form) if form.cleaned_data["keep"] else None
    if form.errors:
        return None
    if found is None:
        form.add_error(
            "file", f"{problem} {'The file was kept as a document.' if version else 'Nothing was stored.'}"
        )
        return None
    file = {"name": name, "sha256": _hash(upload), "version": str(version.pk) if version else None}
    return offer_of(found, checkpoint=case.facts.checkpoint) | {"file": file}


def _keep(request: HttpRequest, case: Submission, form: EvidenceForm) -> DocumentVersion | None:
    """The file as a document of the case; where it is there already, the one that is there."""
    upload = request.FILES["file"]
    name = upload.name.lower()
    kind = (
        Document.DocumentKind.INSPECT_LOG
        if name.endswith((".eval", ".json"))
        else Document.DocumentKind.SYSTEM_CARD
    )
    try:
        document = actions.add_document(
            actor=request.user, submission=case, kind=kind, title="", upload=upload
        )
    except AlreadyDone:
        return _versions_seen(request, case).filter(sha256=_hash(upload)).first()
    except Refused as error:
        form.add_error("file", error.message)
        return None
    return document.current


def _from_document(request: HttpRequest, case: Submission, form: EvidenceInCaseForm) -> dict[str, Any] | None:
    wanted = UUID(form.cleaned_data["version"])
    version = next(version for version in _versions(request, case) if version.pk == wanted)
    try:
        actions.read_version(actor=request.user, version=version)
        with version.file.open("rb") as stream:
            found = read_evidence(stream)
    except (Refused, Unreadable) as refusal:
        form.add_error("version", str(refusal))
        return None
    file = {"name": version.name, "sha256": version.sha256, "version": str(version.pk)}
    return offer_of(found, checkpoint=case.facts.checkpoint) | {"file": file}


def _from_case(request: HttpRequest, case: Submission, form: EarlierCaseForm) -> dict[str, Any]:
    """What an earlier submission said, as an offer of facts; its checkpoint and its results are its own."""
    wanted = UUID(form.cleaned_data["earlier"])
    other = next(other for other in _earlier(request, case) if other.pk == wanted)
    looks.looked(actor=request.user, submission=other, verb="viewed_facts")
    place = f"{other.case_number}, facts, version {other.facts.number}"
    facts = [
        {"field": name, "value": getattr(other.facts, name), "where": place}
        for name in Facts.TEXTS
        if name != "checkpoint" and getattr(other.facts, name)
    ]
    return {"format": "Earlier submission", "facts": facts, "rows": [], "problems": [], "file": None}


_OFFERS = {"file": _from_file, "document": _from_document, "case": _from_case}


def _offered(request: HttpRequest, case: Submission, offer: dict[str, Any]) -> HttpResponse:
    """What was read, from where, and what the draft holds now; nothing is taken before it is confirmed."""
    is_draft = case.state == State.DRAFT
    if not is_draft:
        offer["facts"] = []
    seen = {item["field"]: digest(value_of(case, item["field"])) for item in offer["facts"]}
    sealed = signing.dumps(
        {"case": str(case.pk), "by": str(request.user.pk), "seen": seen, "offer": offer},
        salt=SALT,
        compress=True,
    )
    labels = {name: str(Facts._meta.get_field(name).verbose_name).capitalize() for name in Facts.TEXTS}
    access = dict(Facts.AccessMode.choices)
    for item in offer["facts"]:
        item["label"] = labels[item["field"]]
        item["shown"] = (
            access.get(item["value"], item["value"]) if item["field"] == "access_mode" else item["value"]
        )
        item["now"] = value_of(case, item["field"])
    for row in offer["rows"]:
        # Under a name of its own: in a template ``row.values`` would be the dict's method.
        row["values_read"] = [
            item | {"label": _label(item["name"]), "shown": _shown(item["name"], item["value"])}
            for item in row["values"]
        ]
    return page(
        request,
        "lab/evidence_offer.html",
        case,
        look="viewed_draft" if is_draft else "viewed_case",
        offer=offer,
        sealed=sealed,
        lacks=missing(case, at=clock.now()) if is_draft else [],
        back=evaluations_url(case),
    )


def _label(name: str) -> str:
    return str(Evaluation._meta.get_field(name).verbose_name).capitalize()


def _shown(name: str, value: Any) -> str:
    return instant(datetime.fromisoformat(value)) if name == "evaluated_at" else str(value)


@lab_page("POST")
def take_offer(request: HttpRequest, case_number: str) -> HttpResponse:
    """Take the values that were ticked, and no others."""
    case = the_case(request, case_number)
    if away := not_now(request, case, "add_evaluations"):
        return away
    try:
        sealed = signing.loads(request.POST.get("offer", ""), salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        sealed = {}
    if (sealed.get("case"), sealed.get("by")) != (str(case.pk), str(request.user.pk)):
        messages.error(request, "What was read has gone stale: read it once more. Nothing was taken.")
        return see_other(case_url(case, "evidence"))
    facts, rows = taken(sealed["offer"], set(request.POST.getlist("take")))
    if not facts and not rows:
        messages.info(request, "Nothing was ticked, so nothing was taken.")
        return see_other(case_url(case, "evidence"))
    form = BareForm(request.POST)
    result: Taken | None = attempt(
        request,
        form,
        lambda: actions.take_evidence(
            actor=request.user,
            submission=case,
            facts=facts,
            rows=rows,
            seen=sealed["seen"],
            source=_source(request, case, sealed["offer"]["file"]),
        ),
    )
    if result is None:
        messages.error(request, form.refusal.message)  # type: ignore[attr-defined]
    else:
        messages.success(request, _said(result))
        for conflict in result.conflicts:
            label = Facts._meta.get_field(conflict.field).verbose_name
            messages.warning(request, f"The {label} was changed meanwhile and stays as it is.")
    return see_other(evaluations_url(case))


def _source(request: HttpRequest, case: Submission, file: dict[str, Any] | None) -> Source | None:
    if file is None:
        return None
    kept = _versions_seen(request, case).filter(pk=file["version"]).first()
    return Source(file["name"], file["sha256"], kept)


def _said(result: Taken) -> str:
    parts = []
    if result.changed:
        parts.append(f"{len(result.changed)} value{'s' if len(result.changed) > 1 else ''} of the draft")
    if result.rows:
        parts.append(f"{len(result.rows)} evaluation{'s' if len(result.rows) > 1 else ''}")
    return f"Taken: {' and '.join(parts) or 'nothing new'}."
