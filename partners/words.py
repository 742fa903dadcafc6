"""What was done to a grant, in the words of a record."""

CHANGES = {
    "grant_propose": "Proposed",
    "grant_consent": "The lab consented",
    "grant_concur": "The programme office concurred",
    "grant_accept": "The partner accepted the terms",
    "grant_decline": "Declined",
    "grant_start": "Access started",
    "grant_expire": "Access expired",
    "grant_suspend": "Suspended",
    "grant_resume": "Took a suspension back",
    "grant_ask_extension": "Asked to extend",
    "grant_extend": "Extended",
    "grant_revoke": "Revoked",
    "grant_surrender": "Surrendered by the partner",
    "grant_close_out": "The partner attested destruction",
    "grant_move": "Moved with the planned partner release",
    "grant_set_documents": "Changed the documents in scope",
    "grant_set_instructions": "Gave access instructions",
    "grant_name_user": "The partner named a person",
    "grant_unname_user": "The partner ended a person's access",
}
