"""The programme's standard access terms, as delivered; what holds is ``standard``, which the programme's settings may change."""

from portal import programme
from portal.programme import schema

STANDARD = {
    "purpose": (
        "To let the named agencies study the model's cyber, biological, chemical and autonomy related capabilities and its"
        " safeguards before its release, and to prepare defenders of critical infrastructure. For no other purpose."
    ),
    "confidentiality": (
        "What the lab provides is confidential commercial information. It is read only through this portal or the lab's own"
        " systems by persons with an active assignment, and every look is recorded and shown to the lab."
    ),
    "cybersecurity": (
        "Credentials are personal, held in managed stores, used from managed devices with phishing-resistant sign-in, and"
        " withdrawn within 24 hours after the access window ends. Incidents are reported to the lab within 24 hours."
    ),
    "insider_risk": (
        "Each reviewer attests training, nondisclosure and the absence of conflicts before the first look. The agency names a"
        " security officer whom the lab can call."
    ),
    "intellectual_property": (
        "All rights stay with the lab. The government acquires no right in the model, its weights or its documents and keeps"
        " no copy after the case is closed."
    ),
    "use_nondisclosure": (
        "Findings are shared with the lab first. Nothing is disclosed outside the named agencies without the lab's consent or"
        " the notice that EO 12600 requires. Taking part is voluntary and may end at any time without a reason."
    ),
}
_LABELS = {
    "purpose": "Purpose of the access",
    "confidentiality": "Confidentiality",
    "cybersecurity": "Cybersecurity",
    "insider_risk": "Insider risk",
    "intellectual_property": "Intellectual property",
    "use_nondisclosure": "Use and nondisclosure",
}


def standard() -> dict[str, str]:
    """The purpose and the five heads from which the first version of a case's terms is drafted."""
    now = programme.current()
    return {head: now.get(f"terms:{head}") for head in STANDARD}


def _setting(head: str) -> schema.Text:
    return schema.Text(f"terms:{head}", schema.TERMS, _LABELS[head], lambda: STANDARD[head])


def register() -> None:
    schema.know(*(_setting(head) for head in STANDARD))
