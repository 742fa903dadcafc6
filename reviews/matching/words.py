"""The sentences of a suggestion. They name no person and no case: who shows them puts those beside."""

from collections.abc import Mapping

from reviews.matching.facts import Excluded, Pair, Remedy, Unmet

WHY = {
    "only_domain": "{domain} is the only domain on record for this reviewer.",
    "one_of_domains": "{domain} is one of several domains on record for this reviewer.",
    "first_seat": "The reviewer has no seat yet.",
    "has_room": "The reviewer has seats, and room for more.",
    "last_seat": "It is the last seat that the reviewer's cap leaves.",
    "agency_within": "The agency carries its part or less.",
    "agency_above": "The agency carries more than its part; the others had nobody who fits better.",
    "knows_lab": "The reviewer knows the lab from an earlier case.",
    "new_to_lab": "The lab is new to the reviewer.",
}
LEADS = "Leads: of those suggested for {domain}, the closest fit."
EXCLUDED = {
    "conflict": "Cannot take a seat on this case: there is a conflict.",
    "seated": "Has a seat on this case already.",
    "declined": "Declined a seat on this case.",
    "full": "Has as many seats as the cap allows.",
    "no_profile": "No domains and no cap are on record.",
    "other_agency": "Reviews for several agencies and is considered for another of them.",
    "domain": "None of the domains asked for is on record.",
}
REASONS = {
    "nobody_of_domain": "No reviewer has {domain} on record.",
    "conflict": "{people} of {domain} cannot take a seat on this case: there is a conflict.",
    "seated": "{people} of {domain} {have} a seat on this case already.",
    "declined": "{people} of {domain} declined a seat on this case.",
    "full": "{people} of {domain} {have} as many seats as the cap allows.",
    "used_up": "{people} of {domain} {have} no room left after the other seats of this run.",
    "on_this_case": "{people} of {domain} {are} suggested for this case already.",
    "other_agency": "{people} of {domain} {are} considered for another agency.",
}
REMEDIES = {
    "raise_cap": "Raise this reviewer's cap by one seat more than they have or are suggested for.",
    "add_expertise": "This reviewer has room: train them in {domain}, and put it on record.",
    "ask_agency": "Ask this agency for a reviewer of {domain}: it has none on record.",
    "new_reviewer": "Have any agency add a reviewer of {domain}.",
    "fewer_seats": "Ask for one seat of {domain} less on this case.",
    "later": "Run this again once a seat has ended or a conflict no longer stands.",
}


def of_pair(pair: Pair, domains: Mapping[str, str]) -> list[str]:
    named = {"domain": domains[pair.domain]}
    said = [WHY[code].format(**named) for code in pair.why]
    return [LEADS.format(**named), *said] if pair.lead else said


def of_excluded(one: Excluded) -> str:
    return EXCLUDED[one.bar]


def of_reasons(unmet: Unmet, domains: Mapping[str, str]) -> list[str]:
    domain = domains[unmet.domain]
    return [
        REASONS[code].format(
            domain=domain,
            people="1 reviewer" if number == 1 else f"{number} reviewers",
            have="has" if number == 1 else "have",
            are="is" if number == 1 else "are",
        )
        for code, number in unmet.reasons
    ]


def of_remedy(remedy: Remedy, domain: str, domains: Mapping[str, str]) -> str:
    return REMEDIES[remedy.code].format(domain=domains[domain])
