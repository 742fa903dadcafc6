"""Documents set by Typst as PDF/UA-1. Their words come in as data, never as source, so nothing in them is a command."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst


def pdf(source: Path, data: dict[str, Any], *, at: datetime) -> bytes:
    """The PDF of a Typst file that reads ``sys.inputs.data``; the same data at the same instant gives the same bytes."""
    return typst.compile(
        str(source),
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=int(at.timestamp()),
    )
