"""What was done on the agency's side, in the words of a record."""

CHANGES = {
    "reviews.assignment": {
        "propose_assignment": "Proposed the seat",
        "attest": "The reviewer attested",
        "complete": "The reviewer completed the seat",
        "decline": "The reviewer declined",
        "recuse": "The reviewer recused themselves",
        "revoke": "Revoked the seat",
        "hand_over": "Handed the seat over",
        "expire": "The seat expired",
    },
    "reviews.assessment": {
        "create_assessment": "Began the assessment",
        "save_assessment": "Saved the assessment",
        "take_over_draft": "Took the draft over",
        "ask_check": "Asked for a check",
        "peer_check": "Another reviewer checked it",
        "share": "Shared it with the lab",
        "respond": "The lab responded",
        "finalize": "Made it final",
    },
    "reviews.inquiry": {
        "create_inquiry": "Began the inquiry",
        "save_inquiry": "Saved the inquiry",
        "submit": "Submitted the inquiry",
        "acknowledge": "Acknowledged the inquiry",
        "begin_benchmarking": "Began benchmarking",
        "answer": "Answered the inquiry",
        "close": "Closed the inquiry",
        "withdraw": "Withdrew the inquiry",
    },
    "reviews.designation": {
        "record_designation": "Recorded the designation",
        "confirm": "Confirmed the designation",
    },
}
