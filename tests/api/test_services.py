"""A lab's service by the API: what it reads, the little it writes, and that nothing binding is its to do."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile

from partners.states import MACHINE as GRANT
from partners.states import PARTNERS
from portal.accounts import actions as accounts
from portal.accounts.models import Membership, Role, User
from portal.ledger.models import Event
from portal.submissions import actions, policies
from portal.submissions.models import Audience, Submission
from portal.submissions.querysets import INSTRUCTIONS
from portal.submissions.states import BREAK_GLASS, MACHINE, READING, REQUEST
from reviews.states import ASSESSMENT, ASSIGNMENT, DESIGNATION, INQUIRY
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.api.calls import NOT_FOUND, NOWHERE, Caller, refused
from tests.factories_partners import PROFILE, GrantCase
from tests.factories_services import caller, service, tokens_of

pytestmark = pytest.mark.django_db
CAPACITIES = {"lab_service", "lab_service_viewer"}


# --- What is a person's -------------------------------------------------------------------------------------------------------


def test_no_step_of_any_table_is_a_services():
    own = (MACHINE, REQUEST, BREAK_GLASS, READING)
    machines = (*own, INQUIRY, DESIGNATION, ASSIGNMENT, ASSESSMENT, GRANT, PARTNERS)
    taken = {
        (machine.name, t.verb) for machine in machines for t in machine.transitions if t.who in CAPACITIES
    }
    assert taken == set()


def test_what_a_service_writes():
    assert {name for name, edit in policies.EDITS.items() if "lab_service" in edit.who} == {
        "save_draft", "add_document", "add_version", "add_evaluations", "take_back_evaluation",
    }  # fmt: skip
    assert not [name for name, edit in policies.EDITS.items() if "lab_service_viewer" in edit.who]


class World:
    """One of everything that a lab has a verb for, and two services of that lab."""

    def __init__(self):
        self.case = reviewing.Reviewed()
        lab, by, case = self.case.lab, self.case.contributor, self.case.submission
        self.draft = make.draft(actor=by, lab=lab)
        self.document = actions.add_document(
            actor=by, submission=case, kind="other", title="Card", upload=make.pdf(), at=make.NOW
        )
        self.evaluation = actions.add_evaluations(
            actor=by, submission=case, rows=[{"task": "Range"}], at=make.NOW
        )[0]
        self.contact = actions.add_contact(
            actor=by, submission=case, purpose="legal", name="Ada", phone="1", at=make.NOW
        )
        self.question = actions.questions.ask(
            actor=self.case.reviewer, submission=case, text="Which share?", at=make.NOW
        )
        self.inquiry = reviewing.submitted_inquiry(by, lab)
        self.assessment = reviewing.shared(self.case, at=make.NOW + 21 * make.DAY)
        self.granted = GrantCase()
        self.granted.agree()
        self.writes, self.secret = service(lab)
        _, self.granting_secret = service(self.granted.lab)
        self.reads, self.reading_secret = service(lab, scope="read", name="Mirror")

    @property
    def ids(self) -> dict[str, str]:
        return {
            "submissions": self.case.submission.pk,
            "documents": self.document.pk,
            "evaluations": self.evaluation.pk,
            "contacts": self.contact.pk,
            "questions": self.question.pk,
            "inquiries": self.inquiry.pk,
            "assessments": self.assessment.pk,
            "grants": self.granted.grant.pk,
            "partners": self.granted.partner.profile.pk,
        }


# Bodies without which a door asks for what is missing before it says that the step is not the caller's.
BODIES = {
    "/api/v1/contacts/": lambda world: {
        "submission": world.case.submission.case_number,
        "purpose": "legal",
        "name": "Ada",
        "phone": "1",
    },
    "/api/v1/grants/": lambda world: {
        "submission": world.granted.submission.case_number,
        "partner": str(world.granted.partner.profile.pk),
        "purpose": "Hardening.",
    },
    "/api/v1/partners/": lambda world: PROFILE,
}
LOGS = "/api/v1/assessments/{id}/logs/"
FINDING_FILES = "/api/v1/findings/{id}/files/"
# Where a service that writes may send something, as the schema names it.
OPEN = {
    ("post", "/api/v1/submissions/"),
    ("patch", "/api/v1/submissions/{id}/"),
    ("post", "/api/v1/documents/"),
    ("post", "/api/v1/documents/{id}/versions/"),
    ("post", "/api/v1/evaluations/"),
    ("post", "/api/v1/evaluations/{id}/take_back/"),
    # Stores nothing.
    ("post", "/api/v1/evaluations/read/"),
    ("post", "/api/v1/uploads/"),
    ("patch", "/api/v1/uploads/{id}/"),
    ("delete", "/api/v1/uploads/{id}/"),
}


def _writes(caller_: Caller) -> list[tuple[str, str]]:
    paths = caller_.client.get("/api/schema/").json()["paths"]
    methods = ("post", "patch", "put", "delete")
    return [
        (method, path) for path, operations in paths.items() for method in operations if method in methods
    ]


def _tried(world: World, caller_: Caller, writes: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The status of each, on the objects of the world where there is one of the collection."""
    answers, granting = {}, Caller(token=world.granting_secret)
    for method, path in writes:
        collection = path.split("/")[3]
        address = path.removeprefix("/api/v1/").replace(
            "{id}", str(world.ids.get(collection, world.draft.pk))
        )
        address = address.replace("{number}", "1").replace("{version}", "1").replace("{log}", NOWHERE)
        address = address.replace("{file}", NOWHERE)
        body = BODIES.get(path, lambda world: {})(world)
        asking = granting if collection == "grants" else caller_
        answers[method, path] = asking._send(method, address, body).status_code
    return answers


def test_a_writing_service_takes_no_step_anywhere():
    """Walked from the schema: each address that takes anything, on the lab's own objects, which the service sees."""
    world = World()
    caller_ = Caller(token=world.secret)
    writes = _writes(caller_)
    assert set(writes) >= OPEN
    before = Event.objects.filter(kind="change").count()
    answers = _tried(world, caller_, [write for write in writes if write not in OPEN])
    assert len(answers) > 40
    # These take files alone: JSON is refused unread.
    for path in (LOGS, FINDING_FILES):
        assert answers.pop(("post", path)) == 415
        address = path.replace("{id}", str(world.ids.get(path.split("/")[3], world.draft.pk)))
        sent = {"file": ContentFile(b"{}", "log.json"), "shows": "A log."}
        assert caller_.client.post(address, sent, headers=caller_.headers).status_code in (403, 404)
    assert {key: status for key, status in answers.items() if status not in (403, 404)} == {}
    # What it sees of its lab it is refused; what it does not see is not there.
    seen = {
        key: status
        for key, status in answers.items()
        if key[1].split("/")[3] in ("submissions", "questions", "inquiries")
    }
    assert set(seen.values()) == {403}
    assert Event.objects.filter(kind="change").count() == before


def test_a_reading_service_changes_nothing():
    world = World()
    caller_ = Caller(token=world.reading_secret)
    before = Event.objects.filter(kind="change").count()
    assert set(_tried(world, caller_, _writes(caller_)).values()) == {403}
    assert Event.objects.filter(kind="change").count() == before
    # Nor does it where a door forgets its token's scope.
    with pytest.raises(actions.case.NotAllowed):
        actions.add_evaluations(actor=world.reads, submission=world.draft, rows=[{"task": "Range"}])
    with pytest.raises(actions.case.NotAllowed):
        actions.create_draft(actor=world.reads, lab=world.case.lab, facts=make.FACTS, dates={})


def test_actions_refuse_it_too():
    """Not the doors alone."""
    case = make.Case(make.submitted)
    found, _ = service(case.lab)
    for verb in ("withdraw", "release"):
        with pytest.raises(Exception, match=r"not yours|cannot") as refusal:
            getattr(actions, verb)(actor=found, submission=case.submission)
        assert refusal.value.status in (403, 409)
    assert case.again().state == "submitted"


# --- What it does ---------------------------------------------------------------------------------------------------------------


def test_a_pipeline_writes_a_draft_under_its_own_name():
    lab = make.lab("Aurora Invented Labs")
    found, secret = service(lab)
    caller_ = Caller(token=secret)
    made = caller_.post("submissions/", {"facts": {"model_name": "Kestrel 5"}})
    assert made.status_code == 201
    number = made.json()["case_number"]
    answers = [
        caller_.patch(
            f"submissions/{number}/", {"revision": made.json()["revision"], "facts": {"summary": "Marzipan."}}
        ),
        caller_.upload("documents/", make.pdf(), submission=number, kind="other", title="Card"),
        caller_.post("evaluations/", {"submission": number, "rows": [{"task": "Range"}]}),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 201]
    case = Submission.objects.get(case_number=number)
    assert (case.lab, case.facts.summary) == (lab, "Marzipan.")
    changed = Event.objects.filter(case_id=case.pk, kind="change").order_by().values_list("actor", "capacity")
    assert list(changed.distinct()) == [(found.pk, "lab_service")]
    assert str(found) == "Release pipeline (service of Aurora Invented Labs)"
    person = make.member(lab, Role.VIEWER)
    told = Caller(person).get(f"submissions/{number}/").json()
    assert told["state"] == "draft"


def test_it_adds_to_a_submitted_case():
    case = make.Case(make.submitted)
    caller_ = caller(case.lab)
    number = case.submission.case_number
    document = caller_.upload("documents/", make.pdf(), submission=number, kind="other", title="Card")
    assert document.status_code == 201
    version = caller_.upload(f"documents/{document.json()['id']}/versions/", make.pdf("more marzipan"))
    assert version.status_code == 201


def test_who_can_see_names_it_and_its_looks():
    case = make.Case(make.submitted)
    found, secret = service(case.lab)
    Caller(token=secret).get(f"submissions/{case.submission.case_number}/")
    look = Event.objects.filter(kind="look", actor=found).order_by().values_list("case_id", "capacity")
    assert list(look.distinct()) == [(case.submission.pk, "lab_service")]
    rows = Audience.objects.filter(submission=case.submission, user=found).order_by("scope")
    assert list(rows.values_list("scope", "capacity")) == [
        (scope, "lab_service") for scope in ("assessments", "documents", "facts", "record")
    ]


@pytest.mark.parametrize("scope", ["read", "write"])
def test_access_instructions_are_kept_from_it(scope):
    """They open the model itself; a token that leaked shall not."""
    case = make.Case(make.with_access)
    found, secret = service(case.lab, scope=scope)
    answer = Caller(token=secret).post(f"submissions/{case.submission.pk}/reveal_instructions/")
    assert answer.status_code == 403
    assert make.INSTRUCTIONS not in answer.content.decode()
    at = make.NOW + make.DAY
    assert not Submission.objects.visible_to(found, scope=INSTRUCTIONS, at=at).exists()
    assert not policies.may_reveal(found, case.submission, at=at)
    assert Submission.objects.visible_to(case.viewer, scope=INSTRUCTIONS, at=at).exists()


# --- Nothing of another lab -----------------------------------------------------------------------------------------------------


COLLECTIONS = (
    "submissions", "documents", "deadlines", "events", "inquiries", "designations", "assignments", "assessments",
    "grants", "evaluations", "uploads", "questions", "obligations", "contacts", "services",
)  # fmt: skip


def test_another_labs_service_finds_nothing():
    world = World()
    for scope in ("read", "write"):
        other = caller(make.lab(), scope=scope)
        for collection in COLLECTIONS:
            answer = other.get(f"{collection}/")
            assert (collection, answer.status_code, answer.json()["results"]) == (collection, 200, [])
        # Every lab reads which partners are eligible.
        for collection, key in [row for row in world.ids.items() if row[0] != "partners"]:
            refused(other.get(f"{collection}/{key}/"), NOT_FOUND)
    writing = caller(make.lab())
    number = world.case.submission.case_number
    refused(writing.post(f"submissions/{number}/withdraw/"), NOT_FOUND)
    refused(
        writing.patch(f"submissions/{world.draft.pk}/", {"facts": {"summary": "mine"}, "revision": 1}),
        NOT_FOUND,
    )
    refused(writing.upload("documents/", make.pdf(), submission=number, kind="other", title="x"), NOT_FOUND)
    refused(writing.upload(f"documents/{world.document.pk}/versions/", make.pdf("x")), NOT_FOUND)
    refused(writing.post("evaluations/", {"submission": number, "rows": [{"task": "x"}]}), NOT_FOUND)


def test_a_service_sees_as_many_cases_as_a_viewer():
    case = make.Case(make.submitted)
    make.draft(actor=case.contributor, lab=case.lab)
    make.Case(make.submitted)
    expected = [row["id"] for row in Caller(case.viewer).results("submissions/")]
    assert len(expected) == 2
    assert [row["id"] for row in caller(case.lab, scope="read").results("submissions/")] == expected


# --- When it ends ---------------------------------------------------------------------------------------------------------------


def test_revoked_between_two_calls():
    case = make.Case(make.submitted)
    admin = make.member(case.lab, Role.ADMIN)
    found, secret = service(case.lab, actor=admin)
    caller_, address = Caller(token=secret), f"submissions/{case.submission.pk}/"
    assert caller_.get(address).status_code == 200
    accounts.revoke_service(actor=admin, user=found)
    answer = caller_.get(address)
    assert (answer.status_code, case.submission.case_number in answer.content.decode()) == (401, False)
    # And for who holds the row already, such as a download under way.
    assert not Submission.objects.visible_to(User.objects.get(pk=found.pk)).exists()
    assert not Membership.objects.active().filter(user=found).exists()


# --- The list -------------------------------------------------------------------------------------------------------------------


def test_administrators_list_their_labs_services():
    lab = make.lab("Aurora Invented Labs")
    ada = make.member(lab, Role.ADMIN, "Ada")
    found, secret = service(lab, actor=ada)
    service(make.lab(), name="The other lab's errand")
    with time_machine.travel(make.NOW + timedelta(minutes=1)):
        accounts.rotate_service(actor=ada, user=found, lifetime=make.DAY, overlap=True)
    old, new = tokens_of(found)
    rows = Caller(ada).results("services/")
    assert [(row["id"], row["state"], row["name"]) for row in rows] == [
        (str(new.id), "live", "Release pipeline"),
        (str(old.id), "replaced", "Release pipeline"),
    ]
    assert rows[0].keys() == {
        "id", "state", "service", "lab", "name", "scope", "made_by", "made_at", "expires_at", "last_used_at",
    }  # fmt: skip
    assert (rows[0]["made_by"], rows[0]["lab"], rows[0]["scope"]) == ("Ada", str(lab.pk), "write")
    told = Caller(ada).get(f"services/{new.id}/")
    assert told.json() == rows[0]
    for secretly in (secret, old.digest, new.digest):
        assert secretly not in told.content.decode() + str(rows)
    for other in (
        make.member(lab, Role.CONTRIBUTOR),
        make.member(make.lab(), Role.ADMIN),
        make.coordinator(),
    ):
        assert Caller(other).results("services/") == []
        refused(Caller(other).get(f"services/{new.id}/"), NOT_FOUND)
    assert Caller(token=secret).results("services/") == []
    assert Caller(ada).post("services/", {}).status_code == 405
