"""The process that opens a PDF somebody uploaded: run by its path, alone, with bounds the kernel holds.

It knows nothing of the portal. Its job comes as JSON on standard input, and its answer goes as JSON to standard output:
``{"pages": 12}``, or ``{"problem": "encrypted"}`` with one of the words of ``watermarks.PROBLEMS``. A PDF that makes it crash,
swell or run for ever ends this process and no other.
"""

import json
import resource
import sys
from pathlib import Path

import pikepdf

# Narrower pages get the overlay of this width, made smaller.
NARROWEST = 240.0


def main() -> None:
    job = json.load(sys.stdin)
    _bound(job["limits"])
    try:
        with pikepdf.open(job["source"]) as pdf:
            answer = _judge(pdf, job)
            if "target" in job and "problem" not in answer:
                _stamp(pdf, job)
    except pikepdf.PasswordError:
        answer = {"problem": "encrypted"}
    except (pikepdf.PdfError, pikepdf.ForeignObjectError, ValueError, TypeError, KeyError, RecursionError):
        answer = {"problem": "damaged"}
    except MemoryError:
        answer = {"problem": "too_heavy"}
    json.dump(answer, sys.stdout)


def _bound(limits: dict) -> None:
    for what, value in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_FSIZE, limits["written"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def _judge(pdf: pikepdf.Pdf, job: dict) -> dict:
    if pdf.is_encrypted:
        # One that opens without a password would lose its restrictions in a copy.
        return {"problem": "encrypted"}
    pages = len(pdf.pages)
    if not pages:
        return {"problem": "damaged"}
    return {"problem": "too_many_pages"} if pages > job["limits"]["pages"] else {"pages": pages}


def _stamp(pdf: pikepdf.Pdf, job: dict) -> None:
    """Put the overlay on every page, as its reader sees it: within the visible box, upright whatever the page's rotation."""
    boxes = [_visible(page) for page in pdf.pages]
    sizes = [_shown_size(page, box) for page, box in zip(pdf.pages, boxes, strict=True)]
    distinct = list(dict.fromkeys(sizes))
    with pikepdf.open(_overlays(job["words"] | {"sizes": distinct})) as overlays:
        own = dict(zip(distinct, overlays.pages, strict=True))
        for page, box, size in zip(pdf.pages, boxes, sizes, strict=True):
            page.add_overlay(own[size], box)
        pdf.save(job["target"])


def _visible(page: pikepdf.Page) -> pikepdf.Rectangle:
    media, crop = pikepdf.Rectangle(page.mediabox), pikepdf.Rectangle(page.cropbox)
    box = pikepdf.Rectangle(
        max(media.llx, crop.llx), max(media.lly, crop.lly), min(media.urx, crop.urx), min(media.ury, crop.ury)
    )
    if box.urx - box.llx < 1 or box.ury - box.lly < 1:
        box = media
    if box.urx - box.llx < 1 or box.ury - box.lly < 1:
        raise ValueError("A page without an area.")
    return box


def _shown_size(page: pikepdf.Page, box: pikepdf.Rectangle) -> tuple[float, float]:
    """Width and height of the overlay in points: the page's own proportions, never so narrow that no words fit."""
    width, height = float(box.urx - box.llx), float(box.ury - box.lly)
    if int(page.obj.get("/Rotate", 0)) % 180:
        width, height = height, width
    grown = max(1.0, NARROWEST / width, NARROWEST / height)
    return round(min(width * grown, 14000.0)), round(min(height * grown, 14000.0))


def _overlays(words: dict):
    import io

    import typst

    source = Path(__file__).with_name("overlay.typ").read_bytes()
    made = typst.compile(
        source, format="pdf", ignore_system_fonts=True, sys_inputs={"job": json.dumps(words)}, pdf_tags=False
    )
    return io.BytesIO(made)


if __name__ == "__main__":
    main()
