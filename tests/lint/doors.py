"""``python -m tests.lint.doors``: a door reaches rows through an audience's queryset and writes through an action.

A door is a view, an admin class, an API class or a form. ``Model.objects.get(...)`` in it would show a row to whoever knows
its id; ``Model.objects.create(...)`` would write without policy, state table and ledger. What gives material or a secret away
asks for the second factor first.

Nobody sends a file past ``portal.headers.attachment``, which is what keeps a hostile one from being shown in our origin.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOORS = {"views", "admin", "api", "forms", "urls"}
READS = {
    "get": "Reach rows through visible_to(user) and portal.doors, so that absent and forbidden answer alike."
}
WRITES = dict.fromkeys(
    ("create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"),
    "Write through the app's actions: they hold policy, state table and ledger.",
)
FILES = "Send files by portal.headers.attachment: what is sent otherwise may be shown in the portal's origin."
SENDING = {"FileResponse", "content_disposition_header"}
THE_WAY_OUT = ROOT / "portal" / "headers.py"
# What gives material or a secret away, and the marks that a second factor is asked for first (portal.stepup).
GIVES = {
    "archive_of",
    "export",
    "handed_out",
    "receipt_of",
    "record_of",
    "report_of",
    "reveal_grant_instructions",
    "reveal_instructions",
}
ASKS = {"confirmed", "confirms"}
SHORTCUTS = {"get_object_or_404", "aget_object_or_404", "get_list_or_404"}


def is_door(path: Path) -> bool:
    return any(part.removesuffix(".py") in DOORS for part in path.relative_to(ROOT).parts)


def complaints(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and reason of each call that goes past the doorway."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and _is_bare_manager(function.value):
            reason = (READS | WRITES).get(function.attr)
            if reason:
                yield node.lineno, reason
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        if (
            name in SHORTCUTS
            and node.args
            and isinstance(node.args[0], ast.Name)
            and node.args[0].id[:1].isupper()
        ):
            yield node.lineno, READS["get"]


def strays(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and reason of each file that is sent in a way of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == "Content-Disposition":
            yield node.lineno, FILES
        if isinstance(node, ast.Subscript) and getattr(node.slice, "id", "") == "DISPOSITION":
            yield node.lineno, FILES
        if isinstance(node, ast.Name | ast.alias):
            name = node.id if isinstance(node, ast.Name) else node.name
            if name in SENDING:
                yield node.lineno, FILES


def unasked(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and reason of each call that gives something away in a function that does not ask for the second factor first."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or _names(function.decorator_list) & ASKS:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and _name(node.func) in GIVES:
                yield (
                    node.lineno,
                    "Put @confirmed (a page) or @confirms (the API) on what gives material away.",
                )


def _names(nodes: list[ast.expr]) -> set[str]:
    return {_name(node) for node in nodes}


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _is_bare_manager(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager", "_base_manager"}


def main() -> int:
    found = 0
    for top in ("portal", "reviews", "partners"):
        for path in sorted((ROOT / top).rglob("*.py")):
            tree = ast.parse(path.read_text())
            said = [*complaints(tree), *unasked(tree)] if is_door(path) else []
            said += [] if path == THE_WAY_OUT else strays(tree)
            for line, reason in said:
                print(f"{path.relative_to(ROOT)}:{line}: {reason}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
