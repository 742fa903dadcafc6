"""Writing a submission before it is submitted, and correcting its facts afterwards by a new version."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from portal import clock
from portal.errors import AlreadyDone, Invalid, NotAllowed, WrongState
from portal.ledger import actions as ledger
from portal.ledger.models import Event
from portal.scope import action
from portal.submissions import policies
from portal.submissions.actions import case as steps
from portal.submissions.models import Facts, Submission

DATES = ("planned_partner_release", "planned_public_release")


@action
def create_draft(
    *,
    actor,
    lab,
    facts: dict | None = None,
    dates: dict | None = None,
    key: UUID | None = None,
    at: datetime | None = None,
) -> Submission:
    """A new draft, seen by the lab alone. Any value may be missing yet.

    A door that may be called twice for one wish passes the same ``key`` both times: the second call raises AlreadyDone.
    """
    at = at or clock.now()
    if not policies.may_start(actor, lab):
        raise NotAllowed("Only administrators and contributors of a lab write its submissions.")
    case = Submission(lab=lab, created_by=actor, created_at=at)
    if key is not None:
        # Bound to the person: nobody can meet, or probe for, a key of somebody else's.
        case.pk = uuid5(actor.pk, str(key))
    _take_dates(case, dates or {})
    try:
        with transaction.atomic():
            case.save(force_insert=True)
    except IntegrityError as error:
        if not Submission.objects.filter(pk=case.pk).exists():
            raise
        raise AlreadyDone("This draft was made already.") from error
    version = Facts(submission=case, created_by=actor, created_at=at, **_known(facts or {}))
    version.save(force_insert=True)
    case.facts = version
    case.save(update_fields=["facts"])
    ledger.record(
        actor=actor,
        verb="create_draft",
        subject=case,
        case_id=case.pk,
        capacity=policies.writes_as(actor),
        data={"revision": 1},
        at=at,
    )
    return case


@action
def save_draft(
    *,
    actor,
    submission: Submission,
    facts: dict | None = None,
    dates: dict | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Submission:
    """Overwrite a draft's values; only what is given changes. Raises Stale when somebody saved it meanwhile."""
    case, at = steps.begin_edit(
        actor=actor, submission=submission, edit="save_draft", at=at, expected_revision=expected_revision
    )
    changed = _write(case, _known(facts or {}), dates or {})
    return steps.finish(case=case, actor=actor, verb="save_draft", at=at, data={"changed": changed})


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that somebody else changed since the writer saw it, and the writer too: ``theirs`` is what it holds now."""

    field: str
    theirs: str | datetime | None
    by: UUID | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Merged:
    """A draft after what was typed was merged into it; the fields in ``conflicts`` keep what others wrote."""

    submission: Submission
    changed: list[str]
    conflicts: list[Conflict]


def digest(value: str | datetime | None) -> str:
    """What a form remembers of a value it showed: enough to tell whether it has changed since, and nothing of it."""
    plain = value.isoformat() if isinstance(value, datetime) else (value or "").replace("\r\n", "\n")
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


@action
def merge_draft(
    *,
    actor,
    submission: Submission,
    facts: dict | None = None,
    dates: dict | None = None,
    seen: Mapping[str, str],
    while_typing: bool = False,
    at: datetime | None = None,
) -> Merged:
    """Save what a person typed into a draft that others may be writing too; ``seen`` are the digests of what they saw.

    A field they left as they saw it keeps what others wrote. One that only they changed is saved. One that both changed is a
    conflict: it stays as it is, and the rest is saved all the same. Where nothing changes, nothing is recorded.
    """
    case, at = steps.begin_edit(actor=actor, submission=submission, edit="save_draft", at=at)
    # The lock is on the case: whoever waited for it would compare with the facts as they were before it waited.
    case.facts.refresh_from_db()
    typed = _known(facts or {}) | {name: value for name, value in (dates or {}).items() if name in DATES}
    mine: dict = {}
    conflicting = []
    for name, value in typed.items():
        now, wanted, known = digest(value_of(case, name)), digest(value), seen.get(name)
        if wanted in (now, known):
            continue
        if known == now:
            mine[name] = value
        else:
            conflicting.append(name)
    changed = _write(
        case,
        {name: value for name, value in mine.items() if name in Facts.TEXTS},
        {name: value for name, value in mine.items() if name in DATES},
    )
    if changed:
        verb = "keep_draft" if while_typing else "save_draft"
        case = steps.finish(case=case, actor=actor, verb=verb, at=at, data={"changed": changed})
    return Merged(case, changed, [_conflict(case, name) for name in conflicting])


def value_of(case: Submission, name: str) -> str | datetime | None:
    """What a draft's field holds: one of its facts, or one of its dates."""
    return getattr(case.facts if name in Facts.TEXTS else case, name)


def _conflict(case: Submission, name: str) -> Conflict:
    """The field as it is, and who wrote it so."""
    wrote = Event.objects.filter(
        case_id=case.pk, verb__in=("save_draft", "keep_draft"), data__changed__contains=[name]
    )
    event = wrote.order_by("-seq").first()
    return Conflict(name, value_of(case, name), event and event.actor_id, event and event.at)


def _write(case: Submission, facts: dict, dates: dict) -> list[str]:
    """Put values into a draft; which of its fields they changed. Saves the facts; the case is its caller's to save."""
    changed = [name for name, value in facts.items() if getattr(case.facts, name) != value]
    for name in changed:
        setattr(case.facts, name, facts[name])
    if changed:
        case.facts.save(update_fields=changed)
    moved = [name for name in DATES if name in dates and getattr(case, name) != dates[name]]
    _take_dates(case, dates)
    return changed + moved


@action
def correct_facts(
    *,
    actor,
    submission: Submission,
    facts: dict,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Submission:
    """A new version of a submitted case's facts; the old ones stay. The checkpoint is fixed once terms are agreed."""
    case, at = steps.begin_edit(
        actor=actor, submission=submission, edit="correct_facts", at=at, expected_revision=expected_revision
    )
    values = {name: getattr(case.facts, name) for name in Facts.TEXTS} | _known(facts)
    require_complete(values)
    if values["checkpoint"] != case.facts.checkpoint:
        if case.agreed_at is not None:
            raise Invalid(
                "Consent was given for this checkpoint. A new checkpoint needs a new submission.",
                field="checkpoint",
            )
        case.checkpoint = checkpoint_of(case, values["checkpoint"])
    version = Facts(submission=case, number=case.facts.number + 1, created_by=actor, created_at=at, **values)
    version.save(force_insert=True)
    case.facts, case.correction_asked_at = version, None
    readers = steps.people(case, "coordinator", "agency_coordinator", "lead", "reviewer", at=at)
    return steps.finish(
        case=case,
        actor=actor,
        verb="correct_facts",
        at=at,
        data={"facts_version": version.number},
        tell=readers,
        replan=True,
    )


def require_complete(values: dict) -> None:
    """Raise Invalid for the first required fact that is missing."""
    for name in Facts.REQUIRED:
        if not str(values[name]).strip():
            raise Invalid(ask_for(name), field=name)


def ask_for(name: str) -> str:
    """The request for a fact that is missing, such as "Give the model name."."""
    label = str(Facts._meta.get_field(name).verbose_name)
    return f"Say {label}." if label.startswith("what ") else f"Give the {label}."


def checkpoint_of(case: Submission, identifier: str):
    """The lab's checkpoint of this name, made when it is new; upper and lower case are the same checkpoint."""
    checkpoints = Submission._meta.get_field("checkpoint").related_model.objects
    found = checkpoints.filter(lab=case.lab, identifier__iexact=identifier.strip()).first()
    return found or checkpoints.create(lab=case.lab, identifier=identifier.strip())


def check_move(case: Submission, *, partner: datetime | None, public: datetime | None, at: datetime) -> None:
    """Raise WrongState, or Invalid naming the field, where the case's planned dates cannot be moved to these."""
    if not policies.has_dates_to_move(case, at=at):
        raise WrongState("The release was recorded, so no planned date is left to move.")
    check_dates(partner=partner, public=public, at=at, planned=case)
    if (partner, public) == (case.planned_partner_release, case.planned_public_release):
        raise Invalid("These are the dates the case has already.", field="planned_public_release")


def check_dates(
    *,
    partner: datetime | None,
    public: datetime | None,
    at: datetime,
    planned: Submission | None = None,
) -> None:
    """Raise Invalid, naming the field, for planned dates that cannot be.

    A date that ``planned`` has already may lie in the past: it was planned in time, and the lab moves only the other one.
    """
    if public is None:
        raise Invalid("Give the planned public release.", field="planned_public_release")
    if public <= at and (planned is None or public != planned.planned_public_release):
        raise Invalid("The planned public release lies in the past.", field="planned_public_release")
    if (
        partner is not None
        and partner <= at
        and (planned is None or partner != planned.planned_partner_release)
    ):
        raise Invalid("The planned partner release lies in the past.", field="planned_partner_release")
    if partner is not None and partner > public:
        raise Invalid(
            "The partner release cannot come after the public release.", field="planned_partner_release"
        )


def _known(facts: dict) -> dict:
    unknown = set(facts) - set(Facts.TEXTS)
    if unknown:
        raise Invalid(f"Unknown fact: {', '.join(sorted(unknown))}.")
    return dict(facts)


def _take_dates(case: Submission, dates: dict) -> None:
    for name in DATES:
        if name in dates:
            setattr(case, name, dates[name])
    partner, public = case.planned_partner_release, case.planned_public_release
    if partner and public and partner > public:
        raise Invalid(
            "The partner release cannot come after the public release.", field="planned_partner_release"
        )
