"""Evaluation logs by the workbench, the API and the lab's page: put there, taken out, compared, taken along."""

import csv
import hashlib
import io
import json
import re
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.ledger.models import Event
from portal.submissions import actions as cases
from reviews.evidence.pairing import DIFFERS
from reviews.models import AgencyLog, Assessment
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.admin.desk import Desk, words
from tests.api.calls import NOT_FOUND, UNCOUNTED, Caller, problem
from tests.evidence.logs import archive, as_json
from tests.lab import pdfs
from tests.lab.visitor import Visitor
from tests.reviews.logged import RESULTS, Compared, folder, now, put, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
NOW = make.NOW
__all__ = ["folder", "now"]
TEXT, EVIDENCE = "reviews_assessment_change", "reviews_assessment_evidence"


def test_by_the_workbench_from_a_file_to_its_rows_and_out_again():
    case = reviewing.Reviewed()
    draft = reviewing.draft(case)
    author = Desk(case.reviewer)
    page = author.get("reviews_assessment_add_log", draft.pk)
    assert 'enctype="multipart/form-data"' in page.content.decode()
    refused = author.post("reviews_assessment_add_log", draft.pk, file=upload(b"{}", "log.json"))
    assert "This is JSON, and no evaluation log of Inspect." in words(refused)
    assert "Choose a file." in words(author.post("reviews_assessment_add_log", draft.pk))
    assert author.post("reviews_assessment_add_log", draft.pk, file=upload(archive())).status_code == 303
    log = AgencyLog.objects.get()
    shown = author.text(TEXT, draft.pk)
    for part in (
        "cyber_range",
        "invented/kestrel-5",
        "nougat-run.eval",
        log.sha256,
        "Not scanned for malware.",
    ):
        assert part in shown
    assert author.post("reviews_assessment_add_log", draft.pk, file=upload(archive())).status_code == 303
    assert AgencyLog.objects.count() == 1
    other = put(case, reviewing.draft(case), as_json())
    answer = author.post("reviews_assessment_remove_log", draft.pk, log=other.pk, revision=2)
    assert (answer.status_code, AgencyLog.objects.filter(removed_at=None).count()) == (200, 2)
    stale = author.post("reviews_assessment_remove_log", draft.pk, log=log.pk, revision=1)
    assert stale.status_code == 409
    assert author.post("reviews_assessment_remove_log", draft.pk, log=log.pk, revision=2).status_code == 303
    assert "nougat-run.eval" not in author.text(TEXT, draft.pk)
    history = author.text("reviews_assessment_history", draft.pk)
    assert "Put an evaluation log of the agency's own with the assessment" in history
    assert "Took an evaluation log out of the draft" in history


def test_the_comparison_on_the_workbench_in_words_and_drawn():
    case = Compared()
    told = Desk(case.reviewer).get(EVIDENCE, case.draft.pk)
    text = words(told)
    for part in (
        "inspect_evals/cyber_range match: accuracy 0.5 ± 0.03 n = 41 marzipan-model 0.625 ± 0.04 as",
        "as cyber_range, match: accuracy n = 40 invented/kestrel-5",
        f"+0.125 0.05 {DIFFERS}",
        "Only the lab's Only the lab's Result Value Of what inspect_evals/cyber_range match: marzipan_share 7",
        "Only ours Only ours Result Value Of what cyber_range match: nougat_share 9",
    ):
        assert part in text
    svg = re.findall(r"<svg.*?</svg>", told.content.decode(), re.DOTALL)[-1]
    assert 'role="img"' in svg
    assert svg.count("<circle") == svg.count("<rect") == 1
    assert svg.count('class="portal-chart__bar"') == 6
    assert not re.search(r"nan|inf\b|style=|<script", svg, re.IGNORECASE)
    looks = Event.objects.filter(actor=case.reviewer, kind="look").values_list(
        "verb", "case_id", "subject_id"
    )
    assert set(looks) == {
        ("viewed_facts", case.submission.pk, case.submission.pk),
        ("viewed_assessments", None, case.draft.pk),
    }


def test_the_comparison_is_taken_along_as_csv_which_goes_on_record():
    case = Compared()
    answer = Desk(case.reviewer).client.post(reverse(f"admin:{EVIDENCE}_csv", args=[case.draft.pk]))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(io.StringIO(answer.content.decode())))[1:] == [
        ["inspect_evals/cyber_range", "match", "accuracy", "0.5", "0.03", "41", "marzipan-model",
         "0.625", "0.04", "40", "invented/kestrel-5", "0.125", "0.05", DIFFERS],
        ["inspect_evals/cyber_range", "match", "marzipan_share", "7.0", "", "41", "marzipan-model",
         "", "", "", "", "", "", "only the lab's"],
        ["cyber_range", "match", "nougat_share", "", "", "", "",
         "9.0", "", "40", "invented/kestrel-5", "", "", "only the agency's"],
    ]  # fmt: skip
    look = Event.objects.get(verb="took_comparison")
    assert (look.case_id, look.data) == (None, {"sha256": hashlib.sha256(answer.content).hexdigest()})
    assert (
        Desk(case.reviewer).client.get(reverse(f"admin:{EVIDENCE}_csv", args=[case.draft.pk])).status_code
        == 405
    )


def test_hostile_words_are_words_on_every_page_and_in_the_file():
    case = Compared()
    task = '=HYPERLINK(1) <script>alert(1)</script> #import "x"'
    metric = "<b>m</b>" * 9
    put(
        case, case.draft, as_json(
            eval={"task": task, "model": "<i>m</i>"},
            results={"scores": [{"name": "s", "metrics": {metric: {"value": 1e308}}}]},
        ), name="hostile.json",
    )  # fmt: skip
    scores = [{"name": "s", "metrics": {metric: -1e308}}]
    cases.add_evaluations(
        actor=case.contributor, submission=case.submission, rows=[{"task": task, "scores": scores}], at=NOW
    )
    page = Desk(case.reviewer).get(EVIDENCE, case.draft.pk).content.decode()
    assert "<script>alert" not in page
    assert "<b>m</b>" not in page
    assert "too large to subtract" not in page
    assert "no standard error given" in page
    assert not re.search(r'="-?(nan|inf)', page)
    case.share()
    sheet = (
        Desk(case.reviewer)
        .client.post(reverse(f"admin:{EVIDENCE}_csv", args=[case.draft.pk]))
        .content.decode()
    )
    assert "\"'=HYPERLINK(1)" in sheet
    # A number below zero stays one.
    assert ",-1e+308,," in sheet
    report = Visitor(case.contributor).client.get(
        reverse("lab_reviews:report", args=[case.submission.case_number])
    )
    assert "<script>alert(1)</script>" in "".join(pdfs.words(report.content)).replace(" ", "")


def test_the_lab_reads_it_on_its_page_and_both_sides_in_the_same_report():
    case = Compared()
    case.share()
    number = case.submission.case_number
    page = Visitor(case.viewer).text(reverse("lab_reviews:assessment", args=[number, case.draft.pk]))
    for part in (
        "Evaluations compared",
        f"+0.125 0.05 {DIFFERS}",
        "Only yours",
        "Only the agency's",
        "nougat_share 9",
    ):
        assert part in page
    answers = [
        Visitor(case.viewer).client.get(reverse("lab_reviews:report", args=[number])),
        Desk(case.lead).client.get(reverse("admin:reviews_assessment_report", args=[case.submission.pk])),
        Desk(case.agency_coordinator).client.get(
            reverse("admin:reviews_assessment_report", args=[case.submission.pk])
        ),
    ]
    assert len({answer.content for answer in answers}) == 1
    told = "".join(pdfs.words(answers[0].content)).replace(" ", "")
    for part in (
        "Evaluationscompared",
        "0.625±0.04",
        "+0.125±0.05",
        DIFFERS.replace(" ", ""),
        "nougat_share",
    ):
        assert part in told
    assert "nougat-run" not in told


def test_the_lab_s_archive_holds_the_results_and_nothing_of_the_file():
    case = Compared()
    case.share()
    answer = Visitor(case.viewer).client.get(f"/lab/cases/{case.submission.case_number}/archive/")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as taken:
        (assessment,) = json.loads(taken.read("assessments.json"))
        everything = b"".join(taken.read(name) for name in taken.namelist())
    assert assessment["evaluations"] == [
        {
            "task": "cyber_range", "model": "invented/kestrel-5", "status": "success", "samples": 40,
            "evaluated_at": "2026-09-01T10:00:00+00:00",
            "results": [
                {"score": "match", "metric": "accuracy", "value": 0.625, "stderr": 0.04},
                {"score": "match", "metric": "nougat_share", "value": 9.0, "stderr": None},
            ],
        }
    ]  # fmt: skip
    for word in (b"nougat-run", case.log.sha256.encode(), b'A "quoted" marzipan'):
        assert word not in everything


def test_an_assessment_without_logs_has_no_such_section_for_the_lab():
    case = reviewing.Reviewed()
    made = reviewing.shared(case)
    page = Visitor(case.viewer).text(
        reverse("lab_reviews:assessment", args=[case.submission.case_number, made.pk])
    )
    assert "Evaluations compared" not in page
    report = Visitor(case.viewer).client.get(
        reverse("lab_reviews:report", args=[case.submission.case_number])
    )
    assert "Evaluationscompared" not in "".join(pdfs.words(report.content)).replace(" ", "")


def test_by_the_api():
    case = reviewing.Reviewed()
    draft = reviewing.draft(case)
    author = Caller(case.reviewer)
    address = f"assessments/{draft.pk}/logs/"
    content = as_json(results=RESULTS).getvalue()
    refused = author.upload(address, upload(b"{}", "log.json"))
    detail = "This is JSON, and no evaluation log of Inspect."
    assert refused.json() == problem(400, "Bad Request", "invalid", detail, errors={"file": [detail]})
    made = author.upload(address, upload(content, "log.json"), sha256=hashlib.sha256(content).hexdigest())
    log = AgencyLog.objects.get()
    told = {
        "id": str(log.pk), "task": "cyber_range", "model": "invented/kestrel-5", "status": "success", "samples": 40,
        "evaluated_at": "2026-09-01T10:00:00Z",
        "scores": [
            {"score": "match", "metric": "accuracy", "value": 0.625, "stderr": 0.04},
            {"score": "match", "metric": "nougat_share", "value": 9.0, "stderr": None},
        ],
        "name": "log.json", "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
        "uploaded_by": "Rita Reviewer", "uploaded_at": "2026-09-14T14:00:00Z", "scan_state": "not_scanned", "problems": [],
    }  # fmt: skip
    assert (made.status_code, made.json()) == (201, told)
    assert author.get(f"assessments/{draft.pk}/").json()["logs"] == [told]
    assert author.upload(address, upload(content, "log.json")).status_code == 409
    assert Caller(case.coordinator).upload(address, upload(content, "log.json")).status_code == 403
    assert Caller(case.peer).upload(address, upload(content, "log.json")).json() == NOT_FOUND
    assert Caller(case.contributor).upload(address, upload(content, "log.json")).json() == NOT_FOUND
    remove = f"{address}{log.pk}/remove/"
    assert Caller(case.coordinator).post(remove).status_code == 403
    assert author.post(remove, {"revision": 1}).status_code == 409
    assert author.post(f"{address}{draft.pk}/remove/").json() == NOT_FOUND
    assert author.post(f"{address}{'-' * 36}/remove/").json() == NOT_FOUND
    assert author.post(remove, {"revision": 2}).status_code == 204
    assert author.post(remove).json() == NOT_FOUND
    assert author.get(f"assessments/{draft.pk}/").json()["logs"] == []
    assert Assessment.objects.get(pk=draft.pk).revision == 3


def test_the_comparison_by_the_api_is_the_same_to_lab_and_agency_and_the_lab_is_told_nothing_of_the_file():
    case = Compared()
    assert Caller(case.contributor).get(f"assessments/{case.draft.pk}/evidence/").json() == NOT_FOUND
    case.share()
    lab = {"task": "inspect_evals/cyber_range", "score": "match", "samples": 41, "model": "marzipan-model"}
    agency = {"task": "cyber_range", "score": "match", "samples": 40, "model": "invented/kestrel-5"}
    expected = {
        "pairs": [
            {
                "lab": lab | {"metric": "accuracy", "value": 0.5, "stderr": 0.03},
                "agency": agency | {"metric": "accuracy", "value": 0.625, "stderr": 0.04},
                "difference": 0.125,
                "stderr": 0.05,
                "words": DIFFERS,
            }
        ],
        "only_lab": [lab | {"metric": "marzipan_share", "value": 7.0, "stderr": None}],
        "only_agency": [agency | {"metric": "nougat_share", "value": 9.0, "stderr": None}],
        "left_out": 0,
    }
    for person in (case.contributor, case.viewer, case.peer, case.coordinator):
        assert Caller(person).get(f"assessments/{case.draft.pk}/evidence/").json() == expected
    (told,) = Caller(case.viewer).get(f"assessments/{case.draft.pk}/").json()["logs"]
    kept = ("name", "size", "sha256", "uploaded_by", "uploaded_at", "scan_state", "problems")
    assert {name: told[name] for name in kept} == dict.fromkeys(kept)
    assert told["scores"][0] == {"score": "match", "metric": "accuracy", "value": 0.625, "stderr": 0.04}


def statements(call) -> int:
    """How many statements a call costs, those that open and close a transaction not counted."""
    with CaptureQueriesContext(connection) as captured:
        assert call().status_code == 200
    return len([query for query in captured.captured_queries if not query["sql"].startswith(UNCOUNTED)])


@pytest.mark.parametrize("number", [1, 8])
def test_pages_cost_the_same_with_one_log_and_with_eight(number):
    case = Compared()
    for more in range(number - 1):
        put(case, case.draft, as_json(results=RESULTS, version=3 + more), name="log.json")
    case.share()
    page = reverse("lab_reviews:assessment", args=[case.submission.case_number, case.draft.pk])
    visitor, lead, caller = Visitor(case.viewer), Desk(case.lead), Caller(case.lead)
    # Which content type a model has is asked once a process.
    lead.get(TEXT, case.draft.pk)
    costs = {
        "lab": statements(lambda: visitor.client.get(page)),
        "compared": statements(lambda: lead.get(EVIDENCE, case.draft.pk)),
        "assessment": statements(lambda: lead.get(TEXT, case.draft.pk)),
        "api, compared": statements(lambda: caller.get(f"assessments/{case.draft.pk}/evidence/")),
        "api": statements(lambda: caller.get(f"assessments/{case.draft.pk}/")),
    }
    assert costs == {"lab": 17, "compared": 13, "assessment": 16, "api, compared": 8, "api": 12}
