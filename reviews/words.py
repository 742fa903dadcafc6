"""What was done on the agency's side, in the words of a record."""

CHANGES = {
    "reviews.assignment": {
        "propose_assignment": "Proposed the seat",
        "attest": "The reviewer attested for the seat",
        "complete": "The reviewer completed the seat",
        "decline": "The reviewer declined the seat",
        "recuse": "The reviewer recused themselves",
        "revoke": "Revoked the seat",
        "hand_over": "Handed the seat over",
        "expire": "The seat expired",
        "write_none": "The reviewer stated that they write no assessment",
    },
    "reviews.assessment": {
        "create_assessment": "Began the assessment",
        "save_assessment": "Saved the assessment",
        "move_rubric": "Moved the draft to another version of its rubric",
        "take_over_draft": "Took the draft assessment over",
        "ask_check": "Asked for a check of the assessment",
        "peer_check": "Another reviewer checked the assessment",
        "share": "Shared the assessment with the lab",
        "respond": "The lab responded to the assessment",
        "ask_retest": "The lab asked for a retest",
        "record_retest": "Recorded a retest",
        "answer_retest": "The lab answered a retest",
        "finalize": "Made the assessment final",
    },
    "reviews.caseagency": {
        "invite_agency": "Invited the agency to the case",
        "end_invitation": "Ended the agency's invitation",
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
    "reviews.rubricversion": {"publish_rubric": "Published the rubric"},
    "reviews.reviewerprofile": {
        "record_profile": "Put the reviewer's domains and cap on record",
        "change_profile": "Changed the reviewer's domains or cap",
    },
    "reviews.matchingrun": {
        "suggest": "Ran the matching",
        "confirm": "Confirmed the matching and proposed its seats",
        "discard": "Discarded the matching",
        "undo": "Undid the matching and revoked its seats that were not attested",
    },
}
