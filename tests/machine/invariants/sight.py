"""What the questions stand on: the rows as they are, read once, and what each person sees through the portal's doorways."""

import inspect
from collections import defaultdict
from datetime import datetime
from functools import cached_property

from allauth.account.models import EmailAddress

from partners.models import GrantUser, PartnerProfile
from portal import scope, work
from portal.accounts.models import (
    Affiliation,
    Kind,
    MailDomain,
    Membership,
    Organisation,
    OtherAddress,
    Role,
    User,
)
from portal.ledger.models import Event
from portal.submissions.models import Conflict, Document, Spill, Submission
from reviews.models import Assignment

AGENCY_WIDE = (Role.COORDINATOR, Role.DESIGNATOR, Role.AUDITOR)


class Sight:
    """Everything at one instant. ``people`` are those who are asked what they see: all, unless some are named.

    Who a person is, and what keeps them from what, is told here from memberships, work, addresses and declarations, without
    the portal's own querysets and views.
    """

    def __init__(self, at: datetime, people=None):
        self.at = at
        self._people, self._rows, self._seen = people, {}, {}

    def rows(self, model) -> list:
        """Every row of a table."""
        if model not in self._rows:
            self._rows[model] = list(model._base_manager.order_by())
        return self._rows[model]

    def named(self, model) -> dict:
        """The rows by their ids."""
        key = (model, "named")
        if key not in self._rows:
            self._rows[key] = {row.pk: row for row in self.rows(model)}
        return self._rows[key]

    def having(self, model, column: str) -> dict:
        """The rows by one of their columns."""
        key = (model, column)
        if key not in self._rows:
            found = defaultdict(list)
            for row in self.rows(model):
                found[getattr(row, column)].append(row)
            self._rows[key] = found
        return self._rows[key]

    def case(self, row) -> Submission:
        return self.named(Submission)[row.submission_id]

    @cached_property
    def events(self) -> list[Event]:
        """The ledger, the oldest first."""
        return sorted(self.rows(Event), key=lambda event: event.seq)

    @cached_property
    def people(self) -> list[User]:
        """As a request has them: read with their standing."""
        rows = User.objects.with_standing()
        found = {
            user.pk: user for user in (rows if self._people is None else rows.filter(pk__in=self._people))
        }
        return list(found.values()) if self._people is None else [found[pk] for pk in self._people]

    def sees(self, user: User, model, **how) -> set:
        """The ids that the model's doorway shows this person at the instant, in their own scope as a request has it."""
        key = (user.pk, model, *sorted(how.items()))
        if not self.rows(model):
            return set()
        if key not in self._seen:
            with work.piece(), scope.as_person(user.pk):
                self._seen[key] = self._shown(user, model, **how)
        return self._seen[key]

    def filtered(self, user: User, model) -> set:
        """What the doorway's filter shows this person of all rows."""
        return self._shown(user, model)

    def _shown(self, user: User, model, **how) -> set:
        doorway = model._default_manager.visible_to
        if "at" in inspect.signature(doorway).parameters:
            how["at"] = self.at
        return set(doorway(user, **how).order_by().values_list("pk", flat=True))

    # Who somebody is.

    @cached_property
    def _seats(self) -> dict:
        found = defaultdict(list)
        for row in self.rows(Membership):
            if row.ended_at is None:
                found[row.user_id].append((self.named(Organisation)[row.organisation_id], row.role))
        return found

    def seats(self, person) -> list:
        """(organisation, role) of a person's memberships."""
        return self._seats[person]

    def of(self, user, kind: str, *roles: str) -> set:
        """The organisations of a kind that a person belongs to, in one of these roles where any is named."""
        seats = self._seats[user.pk]
        return {one.pk for one, role in seats if one.kind == kind and (not roles or role in roles)}

    def members(self, organisation, *roles: str) -> set:
        rows = self.having(Membership, "organisation_id")[organisation]
        return {row.user_id for row in rows if row.ended_at is None and (not roles or row.role in roles)}

    def only_of(self, user, kind: str) -> bool:
        """Whether a person sits in organisations of one kind and in no other."""
        seats = self._seats[user.pk]
        return bool(seats) and all(one.kind == kind for one, _ in seats)

    def agency_wide(self, user) -> set:
        return {
            role
            for one, role in self._seats[user.pk]
            if one.kind == Kind.AGENCY
            and role in AGENCY_WIDE
            and (role != Role.COORDINATOR or one.is_programme_office)
        }

    def oversees(self, user) -> bool:
        return bool(self.agency_wide(user) & {Role.COORDINATOR, Role.AUDITOR})

    @cached_property
    def office(self):
        return next(one.pk for one in self.rows(Organisation) if one.is_programme_office)

    # What keeps somebody from something.

    @cached_property
    def ties(self) -> dict:
        """Person -> organisation -> since when it is on record that they belong, belonged or have an address there."""
        found: dict = defaultdict(dict)

        def note(person, organisation, since):
            found[person][organisation] = min(since, found[person].get(organisation, since))

        for row in self.rows(Membership):
            note(row.user_id, row.organisation_id, row.since)
        for row in self.rows(Affiliation):
            note(row.user_id, row.organisation_id, row.recorded_at)
        addresses = [(row.pk, row.email, None) for row in self.rows(User) if row.service_of_id is None]
        addresses += [
            (row.user_id, row.email, row.recorded_at)
            for row in self.rows(OtherAddress)
            if row.ended_at is None
        ]
        # Verified or not: what somebody says of themself ties them.
        addresses += [(row.user_id, row.email, None) for row in self.rows(EmailAddress)]
        for domain in self.rows(MailDomain):
            for person, address, since in addresses if domain.ended_at is None else ():
                host = address.lower().rpartition("@")[2]
                if host == domain.domain or host.endswith(f".{domain.domain}"):
                    note(person, domain.organisation_id, max(since or domain.recorded_at, domain.recorded_at))
        return found

    def barred(self, user) -> tuple[set, set]:
        """The labs and the single cases that a conflict hides from a person of the government."""
        labs = {pk for pk in self.ties[user.pk] if self.named(Organisation)[pk].kind == Kind.LAB}
        declared = [row for row in self.having(Conflict, "user_id")[user.pk] if row.ended_at is None]
        labs |= {row.organisation_id for row in declared if row.organisation_id is not None}
        return labs, {row.submission_id for row in declared if row.submission_id is not None}

    def is_hidden(self, user, case: Submission) -> bool:
        """Whether a conflict hides a case from a person of the government."""
        labs, cases = self.barred(user)
        return case.lab_id in labs or case.pk in cases

    # What is in force.

    def offered_at(self, grant) -> datetime | None:
        """From when the partner knows of a grant: the later of the lab's consent and the government's concurrence."""
        signed = (grant.lab_consented_at, grant.concurred_at)
        return None if None in signed else max(signed)

    def is_offered(self, grant) -> bool:
        offered = self.offered_at(grant)
        return offered is not None and offered <= self.at

    def has_ended(self, grant) -> bool:
        return grant.ended_at is not None or (grant.agreed_at is not None and grant.expires_at <= self.at)

    def is_active(self, grant) -> bool:
        """All three agreed, it has begun and not ended, and neither side suspended it."""
        suspended = grant.lab_suspended_at or grant.government_suspended_at
        return (
            grant.agreed_at is not None
            and max(grant.starts_at, grant.agreed_at) <= self.at
            and not self.has_ended(grant)
            and suspended is None
        )

    def is_eligible(self, partner) -> bool:
        profile = self.named(PartnerProfile).get(partner)
        return profile is not None and profile.stored_state == "eligible" and profile.revet_due_at > self.at

    def is_named(self, user, grant) -> bool:
        names = self.having(GrantUser, "grant_id")[grant.pk]
        return any(name.user_id == user.pk and name.ended_at is None for name in names)

    def is_there(self, document: Document) -> bool:
        """Neither taken out nor reported as a spill."""
        reported = self.having(Spill, "subject_id")[document.pk]
        return document.removed_at is None and not any(row.state in ("frozen", "removed") for row in reported)

    def sits(self, user, case: Submission) -> bool:
        """Whether a person holds an attested seat that opens the case to them now."""
        over = (case.withdrawn_at, case.closed_at)
        return any(
            seat.submission_id == case.pk
            and seat.attested_at is not None
            and case.agreed_at is not None
            and max(seat.attested_at, case.agreed_at) <= self.at
            and not any(end is not None and end <= self.at for end in (seat.ended_at, seat.expires_at, *over))
            and seat.agency_id in self.of(user, Kind.AGENCY, Role.REVIEWER)
            and not self.is_hidden(user, case)
            for seat in self.having(Assignment, "reviewer_id")[user.pk]
        )
