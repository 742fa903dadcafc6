"""DOMAIN.md's invariants as questions about the whole database, named by number; each returns what breaks it.

A question is asked of a ``Sight``: it tells from the rows and the words of DOMAIN.md who may see what, and compares that with
what the portal shows each person. ``steps`` holds one step of one person against the rows before it.
"""

from tests.machine.invariants import (
    cases,
    conflicts,
    deadlines,
    emergencies,
    findings,
    markings,
    partners,
    records,
)
from tests.machine.invariants.sight import Sight
from tests.machine.invariants.steps import Present, broken_by

ALL = (
    cases.no_verdict_on_a_release,
    cases.windows,
    cases.reviewers_see_only_in_time,
    emergencies.break_glass_opens_what_two_persons_gave,
    cases.labs_see_only_their_own,
    cases.questions_stand_with_their_case,
    cases.reviewers_look_for_themselves_first,
    cases.designations_need_two_designators,
    cases.withdrawn_is_over,
    cases.messages_are_single_and_bare,
    partners.partners_learn_nothing_too_early,
    partners.a_missing_concurrence_moves_nothing,
    conflicts.partners_have_nobody_in_common_with_their_case,
    conflicts.who_is_in_conflict_sees_nothing,
    partners.each_sees_of_partners_what_the_table_says,
    partners.partners_see_what_was_consented_to,
    partners.terms_were_agreed_by_both,
    findings.findings_are_read_by_whom_they_concern,
    findings.findings_of_a_case_are_about_its_lab,
    findings.dates_stand_while_a_finding_is_relayed,
    findings.findings_are_published_by_consent_or_after_the_embargo,
    findings.partners_are_told_by_consent_or_after_the_embargo,
    markings.what_tells_of_several_is_marked_as_the_strictest,
    markings.a_marking_is_lowered_by_its_owner_and_on_record,
    markings.labs_are_told_before_a_disclosure,
    markings.no_commercial_mark_is_taken_off_without_a_notice,
    deadlines.dates_of_grants_stand_while_they_are_owed,
    deadlines.dates_of_vettings_stand_while_they_are_owed,
    deadlines.dates_of_findings_stand_while_they_are_owed,
    deadlines.partners_dates_are_of_their_case,
    records.windows_end_by_themselves,
    records.leaving_leaves_nothing_against_a_lab,
    records.what_a_spill_hides_is_shown_to_nobody,
    records.looks_are_shown_to_the_lab,
    records.what_people_arrange_is_theirs,
    records.row_security_keeps_back_nothing_that_a_filter_shows,
)

__all__ = ["ALL", "Present", "Sight", "broken_by"]
