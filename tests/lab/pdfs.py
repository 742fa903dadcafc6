"""Real PDFs, made here, and what a copy of one says."""

import io
import re

import pikepdf
import typst


def pages(number: int = 2, text: str = "marzipan", **size) -> bytes:
    """A PDF of so many pages, each saying the text."""
    breaks = "#pagebreak()".join(["#sys.inputs.text"] * number)
    source = f"#set page(width: {size.get('width', 300)}pt, height: {size.get('height', 400)}pt)\n{breaks}"
    return typst.compile(source.encode(), format="pdf", sys_inputs={"text": text}, ignore_system_fonts=True)


def changed(content: bytes, change, **save) -> bytes:
    """The PDF after a change of it by pikepdf."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        change(pdf)
        made = io.BytesIO()
        pdf.save(made, **save)
    return made.getvalue()


def words(content: bytes) -> list[str]:
    """The text of each page, of the forms laid over it too, in the order in which it is drawn; without spaces."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return ["".join(_drawn(page.obj, page.obj.Contents)) for page in pdf.pages]


def _drawn(owner, contents):
    fonts = {name: _map(font) for name, font in owner.get("/Resources", {}).get("/Font", {}).items()}
    forms = owner.get("/Resources", {}).get("/XObject", {})
    decode = {}
    stream = pikepdf.parse_content_stream(owner if "/Type" in owner and owner.Type == "/Page" else contents)
    for operands, operator in stream:
        name = str(operator)
        if name == "Tf":
            decode = fonts[str(operands[0])]
        elif name in ("Tj", "TJ"):
            parts = operands[0] if name == "TJ" else operands
            for part in parts:
                if isinstance(part, pikepdf.String):
                    raw = bytes(part)
                    yield from (decode.get(raw[i : i + 2], "") for i in range(0, len(raw), 2))
        elif name == "Do" and str(operands[0]) in forms:
            yield from _drawn(forms[str(operands[0])], forms[str(operands[0])])


def _map(font) -> dict[bytes, str]:
    """Glyph to character, as the font's own table for copying text has it."""
    table = font.ToUnicode.read_bytes().decode("ascii", "replace")
    found = re.findall(r"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>\s*\n", table)
    return {bytes.fromhex(glyph): bytes.fromhex(text).decode("utf-16-be") for glyph, text in found}
