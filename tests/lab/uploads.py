"""Files as browsers send them, with names that Django's own client would tidy away."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

SAMPLES = Path(settings.BASE_DIR).parent / "shared" / "samples"
PDF = b"%PDF-1.7\nmarzipan\n%%EOF\n"


def sample(name: str) -> Path:
    """A real file to test with; skips, saying so, where they are not there."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"The samples are not at {SAMPLES}.")
    return path


def upload(content: bytes = PDF, name: str = "card.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as folder:
        for name in names:
            folder.writestr(name, json.dumps({"name": name}))
    return made.getvalue()


def multipart(fields: dict, *, name: str, content: bytes = PDF) -> dict:
    """The body of a form with one file under exactly this name; keywords of ``client.post``."""
    line = b"--xXx\r\n"
    parts = [
        line + f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
    parts.append(line + head.encode() + content + b"\r\n")
    return {"data": b"".join(parts) + b"--xXx--\r\n", "content_type": "multipart/form-data; boundary=xXx"}
