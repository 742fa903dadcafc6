"""Vetting by criteria: their versions, what is found criterion by criterion, and how a vetting ends."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from partners import policies
from partners.actions import standing
from partners.models import PartnerProfile, Vetting, VettingAnswer, VettingCriteria, VettingCriterion
from partners.vetting import MOVED_ON, NOUNS, checklist, prepare
from portal import clock
from portal.asking import Asked, keyed
from portal.errors import Invalid, Missing, NotAllowed, Refused, Stale, WrongState
from portal.ledger import actions as ledger
from portal.ledger.stale import refuse_stale
from portal.scope import action


@action
def publish_criteria(
    *,
    actor,
    questions: Sequence[Asked],
    expected_number: int,
    introduction: str = "",
    note: str = "",
    at: datetime | None = None,
) -> VettingCriteria:
    """A new version of the vetting criteria; vettings under way stay with theirs.

    ``expected_number`` is the number of the version that was current when the effect was shown, 0 for none: with another one
    current by now it raises Stale.
    """
    at = at or clock.now()
    if not policies.keeps_partners(actor):
        raise NotAllowed("A programme coordinator publishes the criteria.")
    found = prepare(
        questions=questions, expected_number=expected_number, introduction=introduction, note=note
    )
    version = VettingCriteria(
        number=found.number,
        introduction=introduction.strip(),
        note=note.strip(),
        published_at=at,
        published_by=actor,
    )
    taken = set(VettingCriterion.objects.values_list("key", flat=True))
    rows = [
        VettingCriterion(
            version=version, key=one.key, title=one.title, guidance=one.guidance, position=position
        )
        for position, one in enumerate(keyed(found.asked, taken, nouns=NOUNS), start=1)
    ]
    for row in (version, *rows):
        _check_fields(row)
    try:
        with transaction.atomic():
            version.save(force_insert=True)
    except IntegrityError as error:
        # Somebody's of the same number was committed meanwhile.
        raise Stale(MOVED_ON) from error
    VettingCriterion.objects.bulk_create(rows)
    ledger.record(
        actor=actor, verb="publish_criteria", subject=version, capacity="coordinator",
        data={"number": version.number, "criteria": len(rows)}, at=at,
    )  # fmt: skip
    return version


@action
def answer_criteria(
    *,
    actor,
    profile: PartnerProfile,
    answers: Mapping[str, Mapping[str, str]],
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> PartnerProfile:
    """Write what was found: for a criterion's key ``found``, ``reason`` (to the organisation) and ``note`` (to the office).

    Criteria that are not named stay as they are. An eligible organisation is vetted again by it, without losing its standing.
    """
    at = at or clock.now()
    profile = standing.lock(profile)
    if not policies.vets(actor, profile):
        raise NotAllowed("A programme coordinator answers the criteria.")
    if not policies.may_answer_criteria(actor, profile, at=at):
        raise WrongState("The criteria are answered while the organisation is being vetted.")
    refuse_stale(profile, expected_revision, called=standing.CALLED)
    vetting = under_way(profile, actor, at)
    criteria = {row.key: row for row in vetting.criteria.criteria.all()}
    if unknown := set(answers) - set(criteria):
        raise Invalid(f"This version has no criterion {sorted(unknown)[0]}.", field="answers")
    written = [key for key, given in answers.items() if _write(vetting, criteria[key], given, actor, at)]
    if written:
        data = {"vetting": vetting.number, "criteria": vetting.criteria.number, "answered": sorted(written)}
        standing.finish(profile, actor, "answer_criteria", at, None, capacity="coordinator", data=data)
    return profile


def under_way(profile: PartnerProfile, actor, at: datetime) -> Vetting:
    """The vetting of a locked organisation, begun by now with the newest criteria where none is under way."""
    found = Vetting.objects.under_way(profile.pk)
    if found is not None:
        return found
    criteria = VettingCriteria.objects.current()
    if criteria is None:
        raise Refused("There are no criteria yet. Publish them first.", code="no_criteria")
    number = Vetting.objects.filter(organisation=profile.pk).count() + 1
    return Vetting.objects.create(
        organisation_id=profile.pk, number=number, criteria=criteria, begun_at=at, begun_by=actor
    )


def require_answered(profile: PartnerProfile) -> None:
    """Refuse an outcome while a criterion is not answered; whether each is met is not asked."""
    vetting = Vetting.objects.filter(organisation=profile.pk, ended_at=None).with_answers().first()
    if vetting is None:
        raise Refused("Answer the criteria of this vetting first.", code="criteria_unanswered")
    missing = [str(row.criterion) for row in checklist(vetting) if not row.is_given]
    if missing:
        raise Refused(
            f"Answer every criterion first. Without an answer: {'; '.join(missing)}.",
            code="criteria_unanswered",
        )


def end(
    profile: PartnerProfile,
    outcome: str,
    actor,
    at: datetime,
    *,
    reason_code: str = "",
    reason: str = "",
    reapply_on: date | None = None,
) -> Vetting:
    """The vetting of a locked organisation ends, with what the organisation is told."""
    vetting = under_way(profile, actor, at)
    vetting.ended_at, vetting.ended_by, vetting.outcome = at, actor, outcome
    vetting.reason_code, vetting.reason, vetting.reapply_on = reason_code, reason.strip(), reapply_on
    vetting.save()
    return vetting


def _write(
    vetting: Vetting, criterion: VettingCriterion, given: Mapping[str, str], actor, at: datetime
) -> bool:
    """Whether the answer is another one than before."""
    found, reason, note = (given.get(name, "").strip() for name in ("found", "reason", "note"))
    if found and found not in VettingAnswer.Found.values:
        raise Invalid("Choose what was found.", field=f"found-{criterion.key}")
    if found not in ("", VettingAnswer.Found.MET) and not reason:
        raise Missing(f"Give the reason: {criterion.title}.", field=f"reason-{criterion.key}")
    row = VettingAnswer.objects.filter(vetting=vetting, criterion=criterion).first()
    before = (row.found, row.reason, row.note) if row else ("", "", "")
    if before == (found, reason, note):
        return False
    row = row or VettingAnswer(vetting=vetting, criterion=criterion)
    row.found, row.reason, row.note, row.answered_at, row.answered_by = found, reason, note, at, actor
    _check_fields(row)
    row.save()
    return True


def _check_fields(row) -> None:
    """Lengths, as the model has them; raises Invalid."""
    names = {"introduction", "note", "title", "guidance", "reason"}
    try:
        row.clean_fields(exclude=[field.name for field in row._meta.fields if field.name not in names])
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from error
