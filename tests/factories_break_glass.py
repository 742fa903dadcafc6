"""Break-glass access for tests, made through the actions."""

from portal.accounts.models import Role
from portal.submissions.actions import break_glass
from portal.submissions.models import BreakGlass
from tests import factories as make
from tests.factories_questions import Asked

NOW = make.NOW
# The window of ``Guarded`` is open.
AT = NOW + 11 * make.DAY
WHY = "Someone sold marzipan; we look for whom."
ALL_PARTS = ("facts", "documents", "assessments")


class Guarded(Asked):
    """An open case with a document; security officers of the office and of the invited agency, two each."""

    def __init__(self):
        from tests.core.test_spills import with_document

        super().__init__(make_case=with_document)
        office = make.programme_office()
        self.document = self.submission.documents.get()
        self.officer = make.member(self.agency, Role.SECURITY)
        self.colleague = make.member(self.agency, Role.SECURITY)
        self.office_security = make.member(office, Role.SECURITY)
        self.foreign_security = make.member(make.agency(), Role.SECURITY)

    def ask(self, actor=None, **said) -> BreakGlass:
        said = {"scopes": ALL_PARTS, "hours": 4, "reason": WHY, "at": AT} | said
        return break_glass.ask(actor=actor or self.officer, submission=self.submission, **said)

    def opened(self, actor=None, *, by=None, **said) -> BreakGlass:
        access = self.ask(actor, **said)
        return break_glass.concur(actor=by or self.colleague, access=access, at=said.get("at", AT))
