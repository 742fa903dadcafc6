"""One world for the access matrix: a case whose window is open, one whose grant is active, and a person of every kind."""

from types import SimpleNamespace

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from partners.actions.evidence import add_evidence
from partners.actions.nominations import put_forward
from partners.models import PartnerTerms, VettingCriteria
from portal.accounts.actions import invitations, services, ties, tokens
from portal.accounts.models import Affiliation, Membership, ProviderLink, Role, SavedView, Tie, User
from portal.deadlines import absences
from portal.deadlines import actions as messages
from portal.deadlines.models import Bounce, Deadline, Heartbeat, Message
from portal.ledger import sealing
from portal.ledger.models import Event, Head
from portal.submissions import actions as cases
from portal.submissions.models import Obligation, UnusualReading
from reviews.models import CaseAgency
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_findings import Reported
from tests.factories_partners import GrantCase
from tests.factories_records import held, logged

# Now, in this world: the first case's window is open, the second case's grant is active.
AT = make.NOW + 21 * make.DAY


def build() -> SimpleNamespace:
    """The people by role, and the value of every parameter that an address of the portal takes."""
    case = reviewing.Reviewed()
    document = cases.add_document(
        actor=case.contributor, submission=case.submission, kind="system_card", title="Card of marzipan",
        upload=make.pdf("the marzipan card"), at=make.NOW,
    )  # fmt: skip
    evaluation = cases.add_evaluations(
        actor=case.contributor, submission=case.submission, rows=[{"task": "marzipan range"}], at=make.NOW
    )[0]
    cases.add_version(
        actor=case.contributor, document=document, upload=make.pdf("the other card"), at=make.NOW
    )
    draft = reviewing.draft(case, at=AT)
    log = reviewing.logged(case, draft, at=AT)
    shared = reviewing.shared(case, at=AT)
    retest = reviewing.retested(case, shared, at=AT)
    granted = GrantCase()
    granted.agree()
    evidence = add_evidence(
        actor=granted.partner.admin, organisation=granted.partner.organisation, shows="An audit",
        upload=make.pdf("marzipan audit"), at=AT,
    )  # fmt: skip
    # The partner found it under its grant, and the granting lab was notified.
    reported = Reported(
        reporter=granted.partner.organisation, submission=granted.submission, until="notify_owner"
    )
    finding, finding_file = reported.finding, reported.add(for_owner=True)
    inquiry = reviewing.submitted_inquiry(case.contributor, case.lab)
    profile = reviewing.record(case.reviewer, "cyber", at=AT)
    run = reviewing.suggested(case, at=AT)
    designator, second = reviewing.designator(), reviewing.designator()
    designation = reviewing.designation(designator, case.lab)
    confirmed = reviewing.designation(designator, case.lab, subject="Kestrel 7")
    from reviews import actions as reviews

    reviews.confirm(actor=second, designation=confirmed, at=make.NOW)
    question = cases.questions.ask(
        actor=case.reviewer, submission=case.submission, text="Which share is marzipan?", at=make.NOW
    )
    notice = cases.disclosures.give_notice(
        actor=case.agency_coordinator,
        submission=case.submission,
        reference="FOIA-1",
        text="The recipe of the marzipan.",
        at=make.NOW,
    )
    conflict = cases.declare_conflict(
        actor=make.coordinator(),
        user=reviewing.reviewer(make.programme_office()),
        submission=granted.submission,
        at=make.NOW,
    )
    office = make.programme_office()
    people = {
        "lab admin": make.member(case.lab, Role.ADMIN),
        "lab contributor": case.contributor,
        "lab viewer": case.viewer,
        "granting lab": granted.contributor,
        "another lab": make.member(make.lab(), Role.ADMIN),
        "coordinator": case.coordinator,
        "invited coordinator": case.agency_coordinator,
        "foreign coordinator": make.member(make.agency(), Role.COORDINATOR),
        "designator": second,
        "auditor": reviewing.auditor(),
        "liaison": make.member(office, Role.LIAISON),
        "security": make.member(office, Role.SECURITY),
        "lead": case.lead,
        "reviewer": case.reviewer,
        "unassigned reviewer": reviewing.reviewer(office),
        "partner admin": granted.partner.admin,
        "named member": granted.partner.member,
        "unnamed member": make.member(granted.partner.organisation, Role.MEMBER),
        "another partner": make.member(make.partner_organisation(), Role.ADMIN),
        "superuser": make.person(is_superuser=True),
    }
    invitation = invitations.invite(
        actor=people["lab admin"],
        organisation=case.lab,
        email="new@example.invalid",
        name="New",
        role=Role.VIEWER,
    )
    token, _ = tokens.create_token(actor=people["lab admin"], name="Build server", lifetime=make.DAY)
    service, _ = services.make_service(
        actor=people["lab admin"],
        organisation=case.lab,
        name="Release pipeline",
        scope="write",
        lifetime=make.DAY,
    )
    _, calendar = messages.make_feed(actor=people["lab admin"])
    Heartbeat.objects.create(name="worker", at=AT)
    membership = Membership.objects.get(user=case.viewer)
    affiliation = Affiliation.objects.create(user=people["liaison"], organisation=granted.lab)
    domain = ties.record_domain(
        actor=case.coordinator, organisation=granted.lab, domain="grantlab.example", at=AT
    )
    address = ties.record_address(
        actor=people["liaison"], user=people["liaison"], email="l@grantlab.example", at=AT
    )
    spilled = cases.questions.ask(
        actor=case.reviewer, submission=case.submission, text="Something spilled?", at=AT
    )
    spill = cases.report_spill(actor=case.reviewer, subject=spilled, feared="classified", at=AT)
    access = cases.break_glass.ask(
        actor=make.member(office, Role.SECURITY), submission=case.submission, scopes=["facts"], hours=4,
        reason="A leak of marzipan.", at=AT,
    )  # fmt: skip
    reading = UnusualReading.objects.create(
        person=case.reviewer, organisation=case.agency, submission=case.submission, kind="volume",
        day=make.NOW.date(), number=600, noted_at=AT,
    )  # fmt: skip
    message = Message.objects.filter(recipient=case.contributor).first()
    first = (AT + 3 * make.DAY).date()
    absence = absences.add_absence(actor=case.contributor, first=first, last=first, at=AT)
    objects = {
        "submission": case.submission,
        "conflict": conflict,
        "informationrequest": question,
        "disclosurenotice": notice,
        "recordsrequest": logged(case.agency_coordinator, at=make.NOW),
        "retention": case.submission,
        "legalhold": held(case, at=make.NOW),
        "assignment": case.seat,
        "assessment": draft,
        "rubricversion": draft.rubric,
        "inquiry": inquiry,
        "designation": designation,
        "reviewerprofile": profile,
        "matchingrun": run,
        "caseagency": CaseAgency.objects.get(submission=case.submission, agency=case.agency),
        "grant": granted.grant,
        "finding": finding,
        "partnerprofile": granted.partner.profile,
        "partnernomination": put_forward(
            actor=case.contributor,
            side=case.lab,
            name="Dunes",
            country="US",
            sectors=["water"],
            why="Marzipan.",
            at=AT,
        ),
        "partnerterms": PartnerTerms.objects.first(),
        "vettingcriteria": VettingCriteria.objects.first(),
        "deadline": Deadline.objects.filter(case_id=case.submission.pk, kind="window_closes").get(),
        "message": message,
        "bounce": Bounce.objects.create(
            person=case.viewer, address=case.viewer.email, at=AT, said="550 5.1.1 No such box"
        ),
        "event": Event.objects.filter(case_id=case.submission.pk, verb="submit").get(),
        "organisation": case.lab,
        "user": case.viewer,
        "membership": membership,
        "invitation": invitation,
        "service": service,
        "affiliation": affiliation,
        "maildomain": domain,
        "savedview": SavedView.objects.create(
            user=case.coordinator, page="submissions.submission", name="Mine", query="window=open"
        ),
        "otheraddress": address,
        "tie": Tie.objects.get(user=people["liaison"], how="address"),
        "document": document,
        "evaluation": evaluation,
        "contact": cases.add_contact(
            actor=case.contributor,
            submission=case.submission,
            purpose="legal",
            name="Ada Marzipan",
            phone="1",
            at=AT,
        ),
        "obligation": Obligation.objects.create(
            submission=case.submission,
            agency=case.agency,
            kind="credentials",
            ended_at=AT,
            due_at=AT + make.DAY,
        ),
        "spill": spill,
        "breakglass": access,
        "unusualreading": reading,
        "upload": cases.begin_upload(actor=case.contributor, name="log.txt", length=8, at=AT),
    }
    return SimpleNamespace(
        people={"nobody": AnonymousUser()} | {name: User.objects.get(pk=user.pk) for name, user in people.items()},
        objects=objects, case=case, granted=granted, document=document, shared=shared, retest=retest, confirmed=confirmed,
        invitation=invitation, membership=membership, message=message, absence=absence, token=token,
        calendar=calendar, evaluation=evaluation, log=log, evidence=evidence,
        finding_file=finding_file, log_size=sealed_size(), session=_elsewhere(people["lab admin"]),
        link=_linked(people["lab admin"]),
    )  # fmt: skip


def sealed_size() -> int:
    """The size of the sealed log's head, with all that was made so far."""
    sealing.seal_new_events()
    return Head.objects.latest("number").size


def _linked(user: User) -> ProviderLink:
    """A person's link with a sign-in provider."""
    return ProviderLink.objects.create(
        user=user, provider="kestrel", issuer="https://login.example", subject="1"
    )


def _elsewhere(user) -> UserSession:
    """Another session of a person's."""
    client = Client()
    client.force_login(user)
    return UserSession.objects.create(user=user, session_key=client.session.session_key, ip="192.0.2.1")
