"""Recording what the determining authority's delegates found: by one, confirmed by another, in rows that never change."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID, uuid5

from django.db.models import QuerySet

from portal import clock
from portal.accounts.models import Kind, Organisation, Role
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed, WrongState
from portal.scope import action
from reviews import policies
from reviews.actions import common
from reviews.models import Designation, DesignationConfirmation, DesignationConsultation, Inquiry
from reviews.people import lab_people, office_people
from reviews.states import DESIGNATION, InquiryState


@action
def record_designation(
    *,
    actor,
    lab: Organisation,
    subject: str,
    outcome: str,
    basis: str,
    inquiry: Inquiry | None = None,
    supersedes: Designation | None = None,
    shared_with_lab: bool = True,
    consultations: Iterable[dict] = (),
    key: UUID | None = None,
    at: datetime | None = None,
) -> Designation:
    """Record whether a lab's model is a covered frontier model, asked or unasked. It counts once another designator confirms it.

    ``consultations`` are values of ``note_consultation``. Raises Invalid or Missing, naming the field. Append-only: a mistake is
    superseded by another about the same lab and model, which takes force once it is confirmed itself.
    """
    # One at a time for a lab, so that two designators cannot supersede the same record.
    lab = Organisation.objects.select_for_update(no_key=True).get(pk=lab.pk)
    at = at or clock.now()
    if not policies.may_designate(actor, lab):
        raise NotAllowed("Only a designator records a designation.")
    if lab.kind != Kind.LAB:
        raise Invalid("Choose a lab.", field="lab")
    made = Designation(
        lab=lab, subject=subject.strip(), outcome=outcome, basis=basis.strip(), inquiry=inquiry, supersedes=supersedes,
        shared_with_lab=shared_with_lab, recorded_by=actor, recorded_at=at,
    )  # fmt: skip
    if key is not None:
        made.pk = uuid5(actor.pk, str(key))
        if Designation.objects.filter(pk=made.pk).exists():
            raise AlreadyDone("This designation was recorded already.")
    _check(made)
    made.save(force_insert=True)
    event = common.note(
        actor=actor, verb="record_designation", subject=made, capacity="designator", at=at,
        data={
            "lab": lab.pk, "outcome": outcome, "inquiry": inquiry.pk if inquiry else None,
            "supersedes": supersedes.pk if supersedes else None, "shared_with_lab": shared_with_lab,
        },
    )  # fmt: skip
    for values in consultations:
        _note_consultation(made, actor, at, **values)
    common.tell(
        event=event,
        kind="designation_recorded",
        people=office_people(lab, Role.DESIGNATOR),
        link=_workbench(made),
    )
    return made


@action
def confirm(*, actor, designation: Designation, at: datetime | None = None) -> Designation:
    """The second person's confirmation: by another designator than recorded it, which the database holds too."""
    lab = Organisation.objects.select_for_update(no_key=True).get(pk=designation.lab_id)
    at = at or clock.now()
    found = Designation.objects.select_related("lab", "confirmation").get(pk=designation.pk)
    if actor.pk == found.recorded_by_id:
        raise NotAllowed("Another designator than the one who recorded it confirms a designation.")
    step = DESIGNATION.require(found.state, "confirm", policies.designation_capacities(actor, found, at=at))
    _require_room(found)
    DesignationConfirmation.objects.create(designation=found, confirmed_by=actor, confirmed_at=at)
    found = Designation.objects.select_related("lab", "confirmation").get(pk=designation.pk)
    event = common.note(
        actor=actor,
        verb="confirm",
        subject=found,
        capacity=step.who,
        data={"from": step.source, "to": step.target},
        at=at,
    )
    office = office_people(lab, Role.DESIGNATOR, Role.COORDINATOR)
    common.tell(event=event, kind="designation_confirmed", people=office, link=_workbench(found))
    if found.shared_with_lab:
        common.tell(event=event, kind="designation_shared", people=lab_people(lab), link="/lab/designations/")
    return found


@action
def note_consultation(
    *,
    actor,
    designation: Designation,
    consulted_on: date,
    agency: Organisation | None = None,
    office: str = "",
    words: str = "",
    at: datetime | None = None,
) -> DesignationConsultation:
    """Note whom the designators consulted about a designation: an agency, or an office in words. Never told to the lab."""
    lab = Organisation.objects.select_for_update(no_key=True).get(pk=designation.lab_id)
    at = at or clock.now()
    if not policies.may_designate(actor, lab):
        raise NotAllowed("Only a designator notes a consultation.")
    return _note_consultation(
        designation, actor, at, agency=agency, office=office, consulted_on=consulted_on, words=words
    )


def _note_consultation(
    designation: Designation,
    actor,
    at: datetime,
    *,
    consulted_on: date | None,
    agency: Organisation | None = None,
    office: str = "",
    words: str = "",
) -> DesignationConsultation:
    made = DesignationConsultation(
        designation=designation, agency=agency, office=office.strip(), consulted_on=consulted_on, words=words.strip(),
        noted_by=actor, noted_at=at,
    )  # fmt: skip
    if (agency is None) == (not made.office):
        raise Missing("Name an agency, or an office in words; not both.", field="office")
    if agency is not None and agency.kind != Kind.AGENCY:
        raise Invalid("Choose an agency.", field="agency")
    if consulted_on is None:
        raise Missing("Give the day.", field="consulted_on")
    if consulted_on > clock.calendar_day(at):
        raise Invalid("This day has not come yet.", field="consulted_on")
    common.check_fields(made, ["office", "words"])
    made.save(force_insert=True)
    common.note(
        actor=actor, verb="note_consultation", subject=designation, capacity="designator", at=at,
        data={"consultation": made.pk},
    )  # fmt: skip
    return made


def _in_force(designation: Designation) -> QuerySet[Designation]:
    """The designations in force about the same lab and model: one at most, as a trigger holds."""
    return Designation.objects.in_force().filter(lab=designation.lab_id, subject__iexact=designation.subject)


def _require_room(found: Designation) -> None:
    """Raise WrongState where another stands that this one would stand beside."""
    if Designation.objects.with_lapse().filter(pk=found.pk, lapsed_at__isnull=False).exists():
        raise WrongState("A later designation has taken the place of this one.")
    if not _in_force(found).exclude(pk__in=_before(found)).exists():
        return
    raise WrongState("Another designation about this model is in force: record one that supersedes it.")


def _before(designation: Designation) -> list[UUID]:
    """The designations that one supersedes, the whole chain back."""
    chain = []
    former = designation.supersedes
    while former is not None:
        chain.append(former.pk)
        former = former.supersedes
    return chain


def _check(made: Designation) -> None:
    for name, words in (
        ("subject", "Name the model or checkpoint."),
        ("basis", "Write the basis of the determination."),
    ):
        if not getattr(made, name):
            raise Missing(words, field=name)
    if made.outcome not in Designation.Outcome.values:
        raise Invalid("Choose the outcome.", field="outcome")
    common.check_fields(made, ["subject", "basis"])
    _check_inquiry(made)
    _check_chain(made)


def _check_inquiry(made: Designation) -> None:
    inquiry = made.inquiry
    if inquiry is not None:
        if inquiry.lab_id != made.lab_id or inquiry.submitted_at is None:
            raise Invalid("This is no inquiry of that lab.", field="inquiry")
        if inquiry.state == InquiryState.WITHDRAWN:
            raise Invalid("The lab withdrew this inquiry.", field="inquiry")


def _check_chain(made: Designation) -> None:
    """A designation supersedes the last one about the same lab and model, and none stands beside one that is in force."""
    former = made.supersedes
    if former is not None:
        if former.lab_id != made.lab_id:
            raise Invalid("This is no designation about that lab.", field="supersedes")
        if former.subject.upper() != made.subject.upper():
            raise Invalid("This designation is about another model.", field="supersedes")
        if Designation.objects.filter(supersedes=former).exists():
            raise Invalid("This designation was superseded already.", field="supersedes")
    if _in_force(made).exclude(pk__in=_before(made)).exists():
        words = "A designation about this model is in force: name the last one about it as superseded."
        raise Invalid(words, field="supersedes")


def _workbench(designation: Designation) -> str:
    return f"/admin/reviews/designation/{designation.pk}/change/"
