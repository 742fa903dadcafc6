"""What a lab does while the agencies are watched, by its program."""

import hashlib
import json
import urllib.request
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from tests.evidence import logs
from tests.story.programme import Program
from tests.story.stack import Stack

NOOR = "noor.contributor@kestrel.example"
# A word of this case alone, for the search, and one of its instructions.
MODEL, WORD = "Kestrel Egret 2", "saltpan"
INSTRUCTIONS = f"Endpoint https://egret.invalid/v1, key {WORD}-key-2"
FACTS = {
    "model_name": MODEL,
    "checkpoint": "egret-rc1",
    "access_mode": "api_reduced",
    "summary": f"An invented general model that knows every {WORD} of an invented coast.",
    "capabilities": "Long tasks with tools.",
    "evaluations": "An invented cyber range of 41 tasks.",
    "safeguards": "Refusals, and classifiers on input and output.",
}
CARD = "Card of the Egret"
RESPONSE = "We changed the order of the checks; please try the tasks with tools again."


def submitted(stack: Stack, folder: Path, *, partner: datetime, public: datetime) -> tuple[str, str]:
    """A case with facts, one document and one evaluation, submitted; its number, and the SHA-256 of the document."""
    noor = Program(stack, NOOR)
    made = noor.post(
        "submissions/",
        facts=FACTS,
        planned_partner_release=partner.isoformat(),
        planned_public_release=public.isoformat(),
    )
    card = folder / "card.md"
    card.write_text(f"# {MODEL}\n\nAn invented model.\n")
    send(noor, card, submission=made["case_number"], kind="system_card", title=CARD)
    row = {
        "task": "cyber_range", "dataset": "range", "model": MODEL, "status": "success", "samples": 41,
        "evaluated_at": "2026-09-01T10:00:00Z",
        "scores": [{"name": "match", "metrics": {"accuracy": 0.625, "stderr": 0.05}}],
    }  # fmt: skip
    noor.post("evaluations/", submission=made["case_number"], rows=[row])
    noor.post(f"submissions/{made['id']}/submit/")
    return made["case_number"], hashlib.sha256(card.read_bytes()).hexdigest()


def send(program: Program, path: Path, **fields: str) -> dict:
    """A document, as multipart/form-data; returns it as the portal tells of it."""
    edge = uuid4().hex
    head = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + f"\r\n--{edge}--\r\n".encode()
    headers = {
        "Authorization": f"Bearer {program.token}",
        "Content-Type": f"multipart/form-data; boundary={edge}",
    }
    with urllib.request.urlopen(
        urllib.request.Request(program.base + "documents/", body, headers), timeout=60
    ) as answer:
        assert answer.status == 201
        return json.load(answer)


def terms_and_access(stack: Stack, number: str) -> None:
    noor = Program(stack, NOOR)
    noor.post(f"submissions/{number}/accept_terms/", version=1)
    noor.post(f"submissions/{number}/provide_access/", instructions=INSTRUCTIONS)


def respond(stack: Stack, number: str) -> None:
    """To the one assessment that is shared, and a retest is wished for."""
    noor = Program(stack, NOOR)
    (shared,) = noor.get(f"assessments/?submission={number}")["results"]
    noor.post(f"assessments/{shared['id']}/respond/", response=RESPONSE, asks_retest=True)


def own_log(folder: Path) -> Path:
    """The log of a run of the agency's own, of the task that the lab has an evaluation of."""
    log = logs.log()
    log["eval"]["model"] = "invented/kestrel-egret-2"
    log["results"]["total_samples"] = 41
    log["results"]["scores"][0]["metrics"]["accuracy"]["value"] = 0.7
    made = folder / "own_range.json"
    made.write_text(json.dumps(log))
    return made
