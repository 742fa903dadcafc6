"""The documents of the demonstration: small real files, made here, about models that do not exist."""

import json
import math
from functools import cache

import typst
from django.core.files.base import ContentFile


def system_card(model: str, *, version: int = 1) -> ContentFile:
    """A draft system card in Markdown, with the front matter a model card has."""
    text = f"""---
license: other
language: [en]
pipeline_tag: text-generation
model_name: {model}
---

# {model}: draft system card, version {version}

This model is invented for a demonstration.

## Intended use

General assistance, programming, and analysis of long documents.

## Evaluations

| area | tasks | result |
|---|---|---|
| cyber range | 41 | 12 solved without help |
| long-horizon tasks | 30 | median 2.1 hours |
| biology questions | 200 | near the expert baseline |

## Safeguards

Refusals trained on invented examples; classifiers on input and output; rate limits by account.

## Known limits

Version {version} of this card covers the checkpoint named in the case and no other.
"""
    return ContentFile(text.encode(), name=f"system-card-v{version}.md")


def inspect_log(
    model: str, *, task: str = "cyber_range_demo", samples: int = 4, every: int = 3
) -> ContentFile:
    """An evaluation log in the JSON form that Inspect writes, with a few samples, of which one in ``every`` is not solved."""
    scores = ["C" if number % every else "I" for number in range(samples)]
    accuracy = scores.count("C") / samples
    stderr = math.sqrt(accuracy * (1 - accuracy) / (samples - 1))
    log = {
        "version": 2,
        "status": "success",
        "eval": {
            "task": task,
            "task_version": 0,
            "model": f"invented/{model.lower().replace(' ', '-')}",
            "created": "2026-06-02T10:00:00+00:00",
            "dataset": {"name": "invented", "samples": samples},
            "config": {"epochs": 1},
        },
        "results": {
            "total_samples": samples,
            "completed_samples": samples,
            "scores": [
                {
                    "name": "match",
                    "scorer": "match",
                    "metrics": {
                        "accuracy": {"name": "accuracy", "value": accuracy},
                        "stderr": {"name": "stderr", "value": stderr},
                    },
                }
            ],
        },
        "stats": {"started_at": "2026-06-02T10:00:00+00:00", "completed_at": "2026-06-02T10:41:00+00:00"},
        "samples": [
            {
                "id": number + 1,
                "epoch": 1,
                "input": f"Invented exercise {number + 1}.",
                "target": "done",
                "scores": {"match": {"value": score}},
            }
            for number, score in enumerate(scores)
        ],
    }
    return ContentFile(json.dumps(log, indent=1).encode(), name=f"{task.rpartition('/')[2]}.json")


def report(model: str) -> ContentFile:
    """A third party's report as a PDF."""
    return ContentFile(_pdf(model), name="third-party-report.pdf")


@cache
def _pdf(model: str) -> bytes:
    source = f"""#set document(title: "Red team report, {model}")
= Red team report: {model}
This report is invented for a demonstration. Nothing in it was measured.

== Method
Two people, five days, production safeguards.

== What was tried
+ Eliciting exploit code for an invented controller.
+ Long conversations that change the subject slowly.
"""
    return typst.compile(source.encode(), format="pdf")
