"""What every answer's headers must be, whatever the address and whoever asks."""

import re

from portal.headers import FILE, PERMISSIONS

PAGES = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "X-Frame-Options": "DENY",
}
REFERRERS = {"same-origin", "no-referrer"}
# What a browser may show of ours: pages, data that it shows as text, and scripts. Anything else is a file.
SHOWN_AS_TEXT = {
    "text/plain",
    "application/json",
    "application/problem+json",
    "application/vnd.oai.openapi",
    "application/vnd.oai.openapi+json",
}
SHOWN = SHOWN_AS_TEXT | {"text/html", "text/javascript"}
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' NONCE",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
}


def is_file(answer) -> bool:
    return "Content-Disposition" in answer.headers


def faults(answer) -> list[str]:
    """What is wrong with an answer's headers; empty when nothing is."""
    said = {name: answer.headers.get(name) for name in PAGES}
    wrong = [f"{name}: {said[name]}" for name in PAGES if said[name] != PAGES[name]]
    if answer.headers.get("Referrer-Policy") not in REFERRERS:
        wrong.append(f"Referrer-Policy: {answer.headers.get('Referrer-Policy')}")
    if "no-store" not in answer.headers.get("Cache-Control", "") and not is_public(answer):
        wrong.append(f"Cache-Control: {answer.headers.get('Cache-Control')}")
    if is_file(answer):
        return wrong + faults_of_file(answer)
    kind = answer.headers.get("Content-Type", "text/html").partition(";")[0]
    if kind not in SHOWN:
        wrong.append(f"shown, and is a file: {kind}")
    policy = policy_of(answer)
    if policy != POLICY:
        wrong.append(f"Content-Security-Policy: {policy}")
    return wrong


def is_public(answer) -> bool:
    return "public" in answer.headers.get("Cache-Control", "")


def policy_of(answer) -> dict[str, str]:
    text = re.sub(r" ?'nonce-[^']+'", " NONCE", answer.headers.get("Content-Security-Policy", ""))
    policy = dict(part.strip().partition(" ")[::2] for part in text.split(";") if part.strip())
    # A page that uses no nonce has none.
    if policy.get("script-src") == "'self'":
        policy["script-src"] += " NONCE"
    return policy


def faults_of_file(answer) -> list[str]:
    """Also of what a package of others offers under a name, to be shown as text: it stays in its sandbox."""
    wrong = [f"{name}: {answer.headers.get(name)}" for name in FILE if answer.headers.get(name) != FILE[name]]
    kind = answer.headers["Content-Type"].partition(";")[0]
    if not answer.headers["Content-Disposition"].startswith("attachment") and kind not in SHOWN_AS_TEXT:
        wrong.append(f"Content-Disposition: {answer.headers['Content-Disposition']}")
    return wrong
