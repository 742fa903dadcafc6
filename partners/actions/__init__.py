"""Every verb on a grant: the only code that writes one. Doors call these names; ``organisations`` has those of partners."""

from partners.actions.clockwork import record_clock
from partners.actions.course import close_out, extend, resume, revoke, surrender, suspend
from partners.actions.proposing import propose_grant, propose_wave
from partners.actions.reports import write_report
from partners.actions.scope import (
    name_user,
    reveal_grant_instructions,
    set_documents,
    set_instructions,
    unname_user,
)
from partners.actions.signatures import accept, concur, consent, decline

__all__ = [
    "accept",
    "close_out",
    "concur",
    "consent",
    "decline",
    "extend",
    "name_user",
    "propose_grant",
    "propose_wave",
    "record_clock",
    "resume",
    "reveal_grant_instructions",
    "revoke",
    "set_documents",
    "set_instructions",
    "surrender",
    "suspend",
    "unname_user",
    "write_report",
]
