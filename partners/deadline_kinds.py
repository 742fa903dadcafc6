"""The deadlines and notices of grants and of partner organisations. Wording carries no fact of the lab's."""

from datetime import datetime, timedelta

from portal import programme
from portal.accounts.models import Kind, Role
from portal.deadlines.calendar import add_business_days
from portal.deadlines.registry import DeadlineKind, Group, NoticeKind, StandIns, days, register

STARTS, STARTS_PARTNER = "grant_starts", "grant_starts_partner"
EXPIRES, EXPIRES_PARTNER = "grant_expires", "grant_expires_partner"
CONCUR = "grant_concur_due"
CLOSE_OUT, REPORT = "grant_close_out", "grant_report_due"
REVETTING, REVETTING_PARTNER = "partner_revetting", "partner_revetting_partner"
# Designators see every case, and have no part in grants.
NO_PART = (Role.DESIGNATOR,)
GRANTS = Group("grants", "Early access of partners")
ORGANISATIONS = Group("partners", "Partner organisations", (Kind.AGENCY, Kind.PARTNER))
# By these a partner's access begins or ends, or its dates move: they are mailed at once, whatever a person chose.
ESSENTIAL_OF_GRANTS = frozenset(
    {
        "grant_declined",
        "grant_named",
        "grant_moved",
        "grant_active",
        "grant_suspended",
        "grant_resumed",
        "grant_extended",
        "grant_expired",
        "grant_revoked",
        "grant_surrendered",
    }
)


def concur_due(proposed_at: datetime) -> datetime:
    """By when the programme office means to answer a partner that a lab proposed. After it, silence is shown as silence."""
    return add_business_days(proposed_at, programme.target("concur_business_days"))


def close_out_due(ended_at: datetime) -> datetime:
    return ended_at + timedelta(days=programme.target("close_out_days"))


def register_kinds() -> None:
    register(*_grant_deadlines(), *_partner_deadlines())
    register(*_grant_notices(), group=GRANTS, essential=ESSENTIAL_OF_GRANTS)
    register(*_partner_notices(), group=ORGANISATIONS, essential=("partner_suspended", "partner_removed"))
    # Of a lab's or an agency's own nomination: no other reads of it, so it is none of ``of_an_organisation``.
    register(
        NoticeKind(
            "nomination_answered",
            "Nomination answered",
            "The programme office answered about an organisation that your side put forward.",
        ),
        group=ORGANISATIONS,
    )


def _grant_deadlines() -> tuple[DeadlineKind, ...]:
    starts = "A partner's early access under this case starts soon."
    expires = "A partner's early access under this case expires soon."
    return (
        DeadlineKind(STARTS, "Grant starts", starts, ("lab",), days(-7, -1), withheld_from=NO_PART),
        DeadlineKind(
            STARTS_PARTNER,
            "Your grant starts",
            "Your early access starts soon.",
            ("partner",),
            days(-7, -1),
            "offer",
            NO_PART,
        ),
        DeadlineKind(
            CONCUR,
            "Answer a proposed partner",
            "A lab proposed a partner under this case and waits for the programme office's answer.",
            ("coordinator",),
            days(-1, 0),
            withheld_from=NO_PART,
        ),
        DeadlineKind(EXPIRES, "Grant expires", expires, ("lab",), days(-14, -7, -1), withheld_from=NO_PART),
        DeadlineKind(
            EXPIRES_PARTNER,
            "Your grant expires",
            "Your early access expires soon.",
            ("partner",),
            days(-14, -7, -1),
            "offer",
            NO_PART,
        ),
        DeadlineKind(
            CLOSE_OUT,
            "Close out the grant",
            "Your early access has ended. Destroy what you kept, and attest that you did.",
            (Role.ADMIN,),
            days(-3, 0, 3),
            withheld_from=NO_PART,
            essential=True,
        ),
        DeadlineKind(
            REPORT,
            "Report on your grant",
            "A report on your early access is due. Say what it was used for and what came of it.",
            (Role.ADMIN,),
            days(-3, 0, 3),
            withheld_from=NO_PART,
        ),
    )


def _partner_deadlines() -> tuple[DeadlineKind, ...]:
    revetting = "A partner organisation's vetting is due again soon; without it eligibility lapses."
    return (
        DeadlineKind(REVETTING, "Vet the partner again", revetting, (Role.COORDINATOR,), days(-60, -30, -7)),
        DeadlineKind(
            REVETTING_PARTNER,
            "Your vetting is due again",
            "Your organisation's vetting is due again soon. Keep your profile up to date.",
            (Role.ADMIN,),
            days(-60, -30, -7),
            stand_ins=(StandIns((Role.MEMBER,), among="organisation"),),
        ),
    )


def _grant_notices() -> tuple[NoticeKind, ...]:
    return (
        NoticeKind(
            "grant_proposed",
            "Partner proposed",
            "The other side proposed a partner, or several, for early access.",
        ),
        NoticeKind("grant_consent", "Lab consented", "The lab consented to a partner's early access."),
        NoticeKind("grant_concur", "Government concurred", "The programme office concurred with a partner."),
        NoticeKind("grant_offered", "Early access offered", "Early access is offered to your organisation."),
        NoticeKind(
            "grant_agreed", "Grant agreed", "Lab, programme office and partner agreed on early access."
        ),
        NoticeKind("grant_declined", "Grant declined", "A proposed early access was declined."),
        NoticeKind(
            "grant_named", "You were named", "Your organisation named you for early access under a grant."
        ),
        NoticeKind("grant_scope", "Scope changed", "The lab changed what is in the scope of a grant."),
        NoticeKind(
            "grant_moved", "Grant moved", "The lab moved its dates, and the start of a grant with them."
        ),
        NoticeKind("grant_active", "Grant active", "Early access under a grant has started."),
        NoticeKind("grant_suspended", "Grant suspended", "Early access under a grant is suspended."),
        NoticeKind("grant_resumed", "Grant resumed", "A suspension of early access was taken back."),
        NoticeKind("grant_extend_asked", "Extension asked for", "The other side asks to extend a grant."),
        NoticeKind("grant_extended", "Grant extended", "Lab and programme office extended a grant."),
        NoticeKind("grant_expired", "Grant expired", "Early access under a grant has expired."),
        NoticeKind("grant_revoked", "Grant revoked", "A grant was revoked. Early access under it has ended."),
        NoticeKind("grant_reported", "Partner reported", "A partner wrote a report on its early access."),
        NoticeKind("grant_surrendered", "Grant surrendered", "A partner surrendered its early access."),
        NoticeKind(
            "grant_closed_out", "Grant closed out", "A partner attested that it kept nothing of a grant."
        ),
    )


def _partner_notices() -> tuple[NoticeKind, ...]:
    return (
        NoticeKind(
            "partner_applied", "Partner applied", "An organisation applied to become a trusted partner."
        ),
        NoticeKind(
            "partner_put_forward",
            "Organisation put forward",
            "A lab or an agency put an organisation forward.",
        ),
        NoticeKind(
            "partner_malware",
            "Malware in a file of evidence",
            "Malware was found in a file that your organisation put with its application. It is given to nobody.",
        ),
        NoticeKind("partner_nominated", "Nominated", "Your organisation was nominated as a trusted partner."),
        NoticeKind("partner_vetting", "Vetting has begun", "The vetting of your organisation has begun."),
        NoticeKind("partner_eligible", "Eligible", "Your organisation is an eligible partner."),
        NoticeKind(
            "partner_not_selected", "Not selected", "Your organisation was not selected at this time."
        ),
        NoticeKind(
            "partner_suspended", "Suspended", "Your organisation's standing as a partner is suspended."
        ),
        NoticeKind("partner_reinstated", "Reinstated", "Your organisation is an eligible partner again."),
        NoticeKind(
            "partner_removed", "Removed", "Your organisation is no longer a partner of the programme."
        ),
        NoticeKind("partner_changed", "Profile changed", "A partner organisation changed its profile."),
    )


def of_an_organisation() -> list[str]:
    """The kinds that are about a partner organisation and no case."""
    return [REVETTING, REVETTING_PARTNER, *(kind.key for kind in _partner_notices())]
