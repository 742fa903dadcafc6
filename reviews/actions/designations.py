"""Recording what the determining authority's delegates found: by one, confirmed by another, in rows that never change."""

from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from portal import clock
from portal.accounts.models import Kind, Organisation, Role
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from reviews import policies
from reviews.actions import common
from reviews.models import Designation, DesignationConfirmation, Inquiry
from reviews.people import lab_people, office_people
from reviews.states import DESIGNATION, InquiryState


@transaction.atomic
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
    key: UUID | None = None,
    at: datetime | None = None,
) -> Designation:
    """Record whether a lab's model is a covered frontier model, asked or unasked. It counts once another designator confirms it.

    Raises Invalid or Missing, naming the field. Append-only: a mistake is superseded, never corrected in place.
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
    common.tell(
        event=event,
        kind="designation_recorded",
        people=office_people(lab, Role.DESIGNATOR),
        link=_workbench(made),
    )
    return made


@transaction.atomic
def confirm(*, actor, designation: Designation, at: datetime | None = None) -> Designation:
    """The second person's confirmation: by another designator than recorded it, which the database holds too."""
    lab = Organisation.objects.select_for_update(no_key=True).get(pk=designation.lab_id)
    at = at or clock.now()
    found = Designation.objects.select_related("lab", "confirmation").get(pk=designation.pk)
    if actor.pk == found.recorded_by_id:
        raise NotAllowed("Another designator than the one who recorded it confirms a designation.")
    step = DESIGNATION.require(found.state, "confirm", policies.designation_capacities(actor, found, at=at))
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
    inquiry, former = made.inquiry, made.supersedes
    if inquiry is not None:
        if inquiry.lab_id != made.lab_id or inquiry.submitted_at is None:
            raise Invalid("This is no inquiry of that lab.", field="inquiry")
        if inquiry.state == InquiryState.WITHDRAWN:
            raise Invalid("The lab withdrew this inquiry.", field="inquiry")
    if former is not None:
        if former.lab_id != made.lab_id:
            raise Invalid("This is no designation about that lab.", field="supersedes")
        if Designation.objects.filter(supersedes=former).exists():
            raise Invalid("This designation was superseded already.", field="supersedes")


def _workbench(designation: Designation) -> str:
    return f"/admin/reviews/designation/{designation.pk}/change/"
