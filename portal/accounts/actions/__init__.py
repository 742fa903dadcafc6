"""Everything that changes an account, a membership or a means of signing in."""

from portal.accounts.actions.agencies import keeps_it, leave_programme, rejoin_programme
from portal.accounts.actions.erasures import (
    against_erasing,
    ask_erasure,
    erase_person,
    record_erasures,
    stop_erasure,
)
from portal.accounts.actions.invitations import (
    accept_invitation,
    decline_invitation,
    invite,
    withdraw_invitation,
)
from portal.accounts.actions.memberships import add_membership, change_role, end_membership
from portal.accounts.actions.people import (
    ask_for_password,
    change_address,
    create_organisation,
    create_person,
    deactivate_person,
    reactivate_person,
    update_organisation,
    update_profile,
)
from portal.accounts.actions.provider_links import link_provider, note_provider_used, unlink_provider
from portal.accounts.actions.saved_views import remove_view, save_view
from portal.accounts.actions.security import (
    end_other_sessions,
    end_session,
    end_sessions,
    end_sessions_but,
    end_sessions_of,
    note_sign_in_change,
    record_sign_in,
    renew_session,
    reset_second_factor,
    second_factors_of,
    use_code,
)
from portal.accounts.actions.services import make_service, revoke_service, rotate_service
from portal.accounts.actions.ties import (
    end_address,
    end_domain,
    record_address,
    record_affiliation,
    record_domain,
)
from portal.accounts.actions.tokens import create_token, revoke_token

__all__ = [
    "accept_invitation",
    "add_membership",
    "against_erasing",
    "ask_erasure",
    "ask_for_password",
    "change_address",
    "change_role",
    "create_organisation",
    "create_person",
    "create_token",
    "deactivate_person",
    "decline_invitation",
    "end_address",
    "end_domain",
    "end_membership",
    "end_other_sessions",
    "end_session",
    "end_sessions",
    "end_sessions_but",
    "end_sessions_of",
    "erase_person",
    "invite",
    "keeps_it",
    "leave_programme",
    "link_provider",
    "make_service",
    "note_provider_used",
    "note_sign_in_change",
    "reactivate_person",
    "record_address",
    "record_affiliation",
    "record_domain",
    "record_erasures",
    "record_sign_in",
    "rejoin_programme",
    "remove_view",
    "renew_session",
    "reset_second_factor",
    "revoke_service",
    "revoke_token",
    "rotate_service",
    "save_view",
    "second_factors_of",
    "stop_erasure",
    "unlink_provider",
    "update_organisation",
    "update_profile",
    "use_code",
    "withdraw_invitation",
]
