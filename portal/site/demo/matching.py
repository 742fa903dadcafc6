"""What the reviewers know and take on, and two runs of matching: one put aside, one that waits for the coordinator."""

from portal.accounts.models import Role
from portal.site.demo.stage import Script, Stage
from portal.submissions.models import Submission
from portal.submissions.states import State
from reviews import actions
from reviews.actions.matching import Wanted

KNOWN = {
    "ruth_reviewer": (["biological", "chemical"], 6),
    "rafael_reviewer": (["cyber"], 4),
    "rina_reviewer": (["cyber", "autonomy"], 8),
    "reza_reviewer": (["autonomy"], 6),
}


def reviewers_on_record(stage: Stage) -> Script:
    yield stage.day(-80, 9)
    for key, (domains, cap) in KNOWN.items():
        user = stage.cast.person(key)
        membership = user.memberships.get(role=Role.REVIEWER)
        actions.record_profile(actor=user, membership=membership, domains=domains, cap=cap)


def kestrel_matched(stage: Stage) -> Script:
    """The first run asks for more chemists than there are; the second asks for less."""
    yield stage.day(-7, 9)
    rows = Submission.objects.in_state(State.ACKNOWLEDGED, at=stage.day(-7, 9))
    case = rows.get(lab=stage.cast.house("kestrel"))
    cora = stage.cast.person("cora_coordinator")
    more = [Wanted(case, "cyber", 2, lead=True), Wanted(case, "chemical", 2)]
    run = actions.matching.suggest(actor=cora, needs=more)
    yield stage.day(-7, 10)
    actions.matching.discard(actor=cora, run=run)
    less = [Wanted(case, "cyber", 2, lead=True), Wanted(case, "chemical")]
    actions.matching.suggest(actor=cora, needs=less)


SCRIPTS = [reviewers_on_record, kestrel_matched]
