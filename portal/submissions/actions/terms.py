"""The access terms of a case: proposed as versions, agreed when both sides accept the same one."""

from datetime import datetime

from portal.errors import AlreadyDone, Invalid, Stale, WrongState
from portal.scope import action
from portal.submissions.actions import case as steps
from portal.submissions.models import Submission, Terms

_TEXTS = ("purpose", *Terms.HEADS)


@action
def propose_terms(
    *,
    actor,
    submission: Submission,
    texts: dict,
    names_shown: bool,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Terms:
    """A new version of the terms; what either side accepted before stays with the version it accepted."""
    case, at = steps.begin_edit(
        actor=actor, submission=submission, edit="propose_terms", at=at, expected_revision=expected_revision
    )
    for name in _TEXTS:
        if not str(texts.get(name, "")).strip():
            raise Invalid("Every head of the terms needs a text.", field=name)
    newest = case.terms.first()
    version = Terms.objects.create(
        submission=case,
        number=newest.number + 1 if newest else 1,
        names_shown=names_shown,
        proposed_by=actor,
        proposed_at=at,
        **{name: texts[name] for name in _TEXTS},
    )
    steps.finish(
        case=case, actor=actor, verb="propose_terms", at=at, data={"terms": version.number},
        tell=steps.people(case, "lab", "coordinator", at=at),
    )  # fmt: skip
    return version


@action
def accept_terms(
    *,
    actor,
    submission: Submission,
    version: int | None = None,
    expected_revision: int | None = None,
    at: datetime | None = None,
) -> Submission:
    """Accept a version of the terms for one's side (the newest when none is named); both sides on the same one is agreement.

    Raises Stale when the named version is no longer the newest, AlreadyDone when this side has accepted it.
    """
    case, step, at = steps.begin(
        actor=actor, submission=submission, verb="accept_terms", at=at, expected_revision=expected_revision
    )
    terms = case.terms.select_for_update().order_by("-number").first()
    if terms is None:
        raise WrongState("No terms have been proposed yet.")
    if version is not None and version != terms.number:
        raise Stale(
            f"Version {terms.number} of the terms has been proposed meanwhile. Read it before you accept."
        )
    side = "lab" if step.who == "lab" else "government"
    if getattr(terms, f"{side}_accepted_at") is not None:
        raise AlreadyDone("Your side has accepted this version already.")
    setattr(terms, f"{side}_accepted_at", at)
    setattr(terms, f"{side}_accepted_by", actor)
    terms.save(update_fields=[f"{side}_accepted_at", f"{side}_accepted_by"])
    if terms.is_agreed:
        case.agreed_at = at
    return steps.finish(
        case=case,
        actor=actor,
        verb="accept_terms",
        at=at,
        step=step if terms.is_agreed else None,
        data={"terms": terms.number, "side": side},
        tell=steps.people(case, "lab", "coordinator", at=at),
        notice="agreed" if terms.is_agreed else "accept_terms",
        replan=terms.is_agreed,
    )
