"""What a search of the workbench finds of cases: their facts, documents, questions and answers, and disclosure notices."""

from urllib.parse import urlencode

from django.urls import reverse

from portal.admin.panels import Group, Hit, group
from portal.searching import marked_up, ranked
from portal.submissions import looks
from portal.submissions.models import (
    DisclosureNotice,
    Document,
    Facts,
    InformationRequest,
    RequestAnswer,
    Submission,
)
from portal.submissions.numbers import BEGINNING
from portal.submissions.querysets import FACTS


def search(request, text: str) -> list[Group]:
    """Each part only where it is open to the person; every case of which words are shown is a look, one event a case."""
    user = request.user
    number = text.strip().upper()
    if BEGINNING.match(number):
        cases = Submission.objects.visible_to(user).beyond(user).for_workbench()
        found, _ = group(
            "Cases", cases.filter(case_number__startswith=number), _case, _list("submission", text)
        )
        return [found]
    groups: list[Group] = []
    seen: dict = {}
    for label, rows, hit, url in _parts(user, text):
        found, shown = group(label, rows, hit, url)
        groups.append(found)
        seen |= {case.pk: case for case in map(_case_of, shown)}
    looks.listed(actor=user, submissions=seen.values(), verb="found")
    return groups


def _parts(user, text: str):
    readable = Submission.objects.visible_to(user, scope=FACTS).beyond(user).order_by()
    facts = Facts.objects.filter(pk__in=readable.values("facts"))
    yield (
        "Cases",
        ranked(facts, Facts.WORDS, text).select_related("submission__lab"),
        lambda row: _hit(row, row.model_name, _page("submission", row.submission)),
        _list("submission", text),
    )
    documents = Document.objects.visible_to(user).beyond(user)
    yield (
        "Documents, by their titles",
        ranked(documents, Document.WORDS, text).select_related("submission__lab"),
        # The title is all that was searched: it needs no words around what was found.
        lambda row: _hit(row, row.title, _page("submission", row.submission), snippet=""),
        "",
    )
    questions = InformationRequest.objects.visible_to(user).beyond(user)
    yield (
        "Questions",
        ranked(questions, InformationRequest.WORDS, text).select_related("submission__lab"),
        lambda row: _hit(row, str(row), _page("informationrequest", row)),
        _list("informationrequest", text),
    )
    answers = RequestAnswer.objects.filter(request__in=questions.order_by().values("pk"))
    yield (
        "Answers of labs",
        ranked(answers, RequestAnswer.WORDS, text).select_related("request__submission__lab"),
        lambda row: _hit(
            row, f"Answer to {str(row.request).lower()}", _page("informationrequest", row.request)
        ),
        "",
    )
    notices = DisclosureNotice.objects.visible_to(user).beyond(user)
    yield (
        "Disclosure notices",
        ranked(notices, DisclosureNotice.WORDS, text).select_related("submission__lab"),
        lambda row: _hit(row, str(row), _page("disclosurenotice", row)),
        _list("disclosurenotice", text),
    )


def _case_of(row) -> Submission:
    return row.request.submission if isinstance(row, RequestAnswer) else row.submission


def _hit(row, title: str, url: str, snippet: str | None = None) -> Hit:
    case = _case_of(row)
    shown = marked_up(row.snippet if snippet is None else snippet)
    return Hit(title, url, f"{case.case_number}, {case.lab.name}", shown)


def _case(case: Submission) -> Hit:
    return Hit(case.case_number, _page("submission", case), case.lab.name)


def _page(model: str, row) -> str:
    return reverse(f"admin:submissions_{model}_change", args=[row.pk])


def _list(model: str, text: str) -> str:
    return f"{reverse(f'admin:submissions_{model}_changelist')}?{urlencode({'q': text})}"
