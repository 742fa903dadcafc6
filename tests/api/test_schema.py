"""The schema: whole, without a warning, true to the state tables; and its page, which our content policy lets work."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIRequestFactory

from partners.states import FINDING, PARTNERS
from partners.states import MACHINE as GRANTS
from portal.submissions.states import DISCLOSURE as DISCLOSURES
from portal.submissions.states import MACHINE as SUBMISSIONS
from portal.submissions.states import REQUEST as QUESTIONS
from reviews.states import ASSESSMENT, ASSIGNMENT, DESIGNATION, INQUIRY, RUN

CHROMIUM = "/usr/bin/chromium"
# The contract: what programs rely on, in words of its own and not taken from the tables.
CONTRACT = {
    "submissions": "submit acknowledge request_correction accept_terms provide_access move_dates release withdraw close",
    "inquiries": "submit acknowledge begin_benchmarking answer close withdraw",
    "designations": "confirm",
    "assignments": "attest complete decline recuse revoke hand_over",
    "assessments": "peer_check share respond finalize",
    "partners": "begin_vetting find_eligible not_select suspend reinstate remove",
    "matching-runs": "confirm discard undo",
    "questions": "answer ask_again merge withdraw",
    "disclosures": "object not_object decide_to_disclose decide_not_to_disclose record_disclosure report_suit drop",
    "grants": "consent concur accept decline extend suspend resume revoke surrender close_out",
    "findings": "report triage validate not_reproduce mark_duplicate notify_owner remediate fix publish close_unpublished relay"
    " consent_publication set_embargo mark_exploited extend_disclosure address set_marking",
}
MACHINES = {
    "submissions": SUBMISSIONS,
    "inquiries": INQUIRY,
    "designations": DESIGNATION,
    "assignments": ASSIGNMENT,
    "assessments": ASSESSMENT,
    "partners": PARTNERS,
    "matching-runs": RUN,
    "questions": QUESTIONS,
    "disclosures": DISCLOSURES,
    "grants": GRANTS,
    "findings": FINDING,
}


@pytest.fixture(scope="module")
def schema() -> dict:
    from portal.site.api_docs import schema as view

    request = APIRequestFactory().get("/api/schema/")
    request.user = AnonymousUser()
    return view(request).data


def test_the_schema_is_valid_and_warns_of_nothing(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


@pytest.mark.parametrize("collection", CONTRACT)
def test_each_verb_of_the_contract_is_a_documented_operation(schema, collection):
    start = f"/api/v1/{collection}/{{id}}/"
    posts = {
        path.removeprefix(start).rstrip("/")
        for path, operations in schema["paths"].items()
        if path.startswith(start) and "post" in operations
    }
    verbs = set(CONTRACT[collection].split())
    assert verbs <= posts
    # A verb of the table that the API does not offer is one that the contract does not name.
    assert set(MACHINES[collection].verbs()) & posts == verbs


def test_each_verb_says_what_its_body_takes(schema):
    parts = schema["components"]["schemas"]

    def body(collection: str, verb: str) -> set[str]:
        operation = schema["paths"][f"/api/v1/{collection}/{{id}}/{verb}/"]["post"]
        taken = operation["requestBody"]["content"]["application/json"]["schema"]
        return set(parts[taken["$ref"].rpartition("/")[2]]["properties"])

    assert body("submissions", "withdraw") == {"revision"}
    assert body("submissions", "request_correction") == {"reason", "revision"}
    assert body("grants", "extend") == {"expires_at", "revision"}
    assert body("disclosures", "decide_to_disclose") == {"reason", "disclose_at", "revision"}
    # None of them takes what only the answer tells.
    for collection, verbs in CONTRACT.items():
        for verb in verbs.split():
            if (collection, verb) != ("designations", "confirm"):
                assert not {"id", "state", "verbs"} & body(collection, verb), (collection, verb)


def test_every_collection_is_listed_by_page(schema):
    for collection in (*CONTRACT, "documents", "deadlines", "events"):
        operation = schema["paths"][f"/api/v1/{collection}/"]["get"]
        assert {"page", "page_size"} <= {parameter["name"] for parameter in operation["parameters"]}


def test_every_operation_tells_its_problems_and_asks_for_a_token(schema):
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            expected = {"400", "401", "403", "404", "406", "409", "429", "default"} | (
                {"413", "415"} if method != "get" else set()
            )
            answers = operation["responses"]
            assert expected <= set(answers), (method, path)
            for status in answers:
                if status >= "400":
                    assert answers[status]["content"] == {"application/problem+json": problem}
            assert {"bearer": []} in operation["security"]
            assert set(answers["401"]["headers"]) == {"WWW-Authenticate"}
            assert set(answers["429"]["headers"]) == {"Retry-After"}


def test_every_body_of_named_fields_takes_no_other(schema):
    """Which is so: a misspelt field is refused (portal/api/fields.py), so a program can know it before it asks."""
    bodies = {
        part["schema"]["$ref"].rpartition("/")[2]
        for operations in schema["paths"].values()
        for operation in operations.values()
        for part in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in part["schema"]
    }
    parts = schema["components"]["schemas"]
    assert len(bodies) > 80
    # One of two bodies, each of which takes no other.
    either = {part["$ref"].rpartition("/")[2] for part in parts["ApplyOrNominateRequest"]["oneOf"]}
    bodies = bodies - {"ApplyOrNominateRequest"} | either
    assert [name for name in bodies if parts[name].get("additionalProperties") is not False] == []


def test_a_file_is_documented_as_what_it_is_and_as_an_attachment(schema):
    files = {
        path.removeprefix("/api/v1"): sorted(answer["content"])
        for path, operations in schema["paths"].items()
        for answer in [operations.get("get", {}).get("responses", {}).get("200", {})]
        if "Content-Disposition" in answer.get("headers", {})
    }
    assert files == {
        "/assessments/{id}/logs/{log}/content/": ["*/*"],
        "/documents/{id}/content/": ["*/*"],
        "/documents/{id}/versions/{number}/content/": ["*/*"],
        "/findings/{id}/files/{file}/content/": ["*/*"],
        "/submissions/{id}/archive/": ["application/zip"],
        "/submissions/{id}/receipt/": ["application/pdf"],
        "/submissions/{id}/record/{form}/": ["application/json", "text/csv"],
    }


def test_the_list_of_notice_settings_is_one_page_and_no_list_of_pages(schema):
    answer = schema["paths"]["/api/v1/notice-settings/"]["get"]["responses"]["200"]
    assert answer["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/NoticeSettingList"}}
    }


def test_only_what_is_read_comes_by_page_and_is_narrowed(schema):
    """What is made of several at once is answered as a plain list."""
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if method != "get":
                query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
                assert query == [], (method, path)
                assert "Paginated" not in str(operation["responses"]), (method, path)
    answer = schema["paths"]["/api/v1/evaluations/"]["post"]["responses"]["201"]
    row = {"$ref": "#/components/schemas/Evaluation"}
    assert answer["content"] == {"application/json": {"schema": {"type": "array", "items": row}}}


def test_uploads_say_what_tus_answers(schema):
    collection, one = schema["paths"]["/api/v1/uploads/"], schema["paths"]["/api/v1/uploads/{id}/"]
    told = {"Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Expires"}
    assert set(collection["post"]["responses"]["201"]["headers"]) == told | {"Location"}
    assert set(one["get"]["responses"]["200"]["headers"]) == told
    assert set(one["patch"]["responses"]["204"]["headers"]) == told
    own = {"412", "423", "460"}
    assert own & set(collection["post"]["responses"]) == {"412"}
    assert own & set(one["patch"]["responses"]) == own
    assert own & set(one["delete"]["responses"]) == {"412"}


def test_no_word_of_the_schema_leaves_a_lab_asking_leave(schema):
    words = {
        "approve",
        "approved",
        "approval",
        "deny",
        "denied",
        "license",
        "licence",
        "clearance",
        "permit",
        "hold",
    }
    told = str(schema).lower().replace('"', " ").replace("'", " ").replace(".", " ").replace(",", " ").split()
    assert not words & set(told)


@pytest.mark.django_db
def test_the_schema_is_json_unless_yaml_is_asked_for():
    client = Client()
    answer = client.get("/api/schema/")
    assert (answer["Content-Type"], answer.json()["openapi"][:2]) == ("application/json", "3.")
    assert client.get("/api/schema/", {"format": "yaml"}).content.startswith(b"openapi: 3.")
    assert client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi"}).content.startswith(
        b"openapi"
    )


def test_threads_that_ask_first_at_once_wait_for_one_schema():
    from portal.site import api_docs

    api_docs._make.cache_clear()
    together = threading.Barrier(6)

    def ask(_: int) -> dict:
        together.wait()
        return api_docs.OnceGenerator().get_schema()

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(ask, range(6)))
    assert all(each is found[0] for each in found)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, *args) -> None:
        from django.db import connections

        try:
            super().process_request_thread(*args)
        finally:
            connections.close_all()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args) -> None:
        pass


def _collections() -> set[str]:
    operations = Client().get("/api/schema/").json()["paths"].values()
    return {tag for methods in operations for operation in methods.values() for tag in operation["tags"]}


@pytest.fixture
def address(committed_db) -> Iterator[str]:
    from django.core.wsgi import get_wsgi_application

    server = make_server("localhost", 0, get_wsgi_application(), _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.committed_db
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="There is no Chromium on this machine.")
def test_the_page_of_the_schema_works_under_our_content_policy(address):
    from playwright.sync_api import sync_playwright

    expected = sorted(_collections())
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        answer = page.goto(f"{address}/api/docs/")
        assert "unsafe" not in answer.headers["content-security-policy"]
        tags = page.locator(".opblock-tag")
        tags.last.wait_for()
        assert [tag.get_attribute("data-tag") for tag in tags.all()] == expected
        page.click("#operations-tag-submissions")
        page.wait_for_selector("#operations-submissions-submissions_withdraw_create")
        page.click("#operations-submissions-submissions_withdraw_create button.opblock-summary-control")
        page.wait_for_selector("text=Leave in one step")
        browser.close()
    assert told == []
