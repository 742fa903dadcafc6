"""CVSS 4.0 vectors: whether a text is one. No score is reckoned here; a vector says how one comes about.

Source: the specification of CVSS 4.0, section 7: the metrics' names, their values, and their order, which is fixed.
"""

from portal.errors import Invalid

PREFIX = "CVSS:4.0"
_IMPACT, _MODIFIED = "HLN", "XHLN"
_SAFETY = "XSHLN"

# Metric -> its values, in the vector's order. The first eleven are the base metrics: a vector names each of them.
BASE: dict[str, str] = {
    "AV": "NALP", "AC": "LH", "AT": "NP", "PR": "NLH", "UI": "NPA",
    "VC": _IMPACT, "VI": _IMPACT, "VA": _IMPACT, "SC": _IMPACT, "SI": _IMPACT, "SA": _IMPACT,
}  # fmt: skip
METRICS: dict[str, tuple[str, ...]] = {
    name: tuple(values)
    for name, values in {
        **BASE,
        "E": "XAPU", "CR": "XHML", "IR": "XHML", "AR": "XHML",
        "MAV": "XNALP", "MAC": "XLH", "MAT": "XNP", "MPR": "XNLH", "MUI": "XNPA",
        "MVC": _MODIFIED, "MVI": _MODIFIED, "MVA": _MODIFIED, "MSC": _MODIFIED, "MSI": _SAFETY, "MSA": _SAFETY,
        "S": "XNP", "AU": "XNY", "R": "XAUI", "V": "XDC", "RE": "XLMH",
    }.items()
} | {"U": ("X", "Clear", "Green", "Amber", "Red")}  # fmt: skip
_ORDER = {name: place for place, name in enumerate(METRICS)}


def read(text: str, *, field: str = "cvss") -> dict[str, str]:
    """The metrics of a vector; raises Invalid on ``field``, naming the first part that is wrong."""
    prefix, *parts = text.split("/")
    if prefix != PREFIX:
        raise Invalid(f"A CVSS 4.0 vector begins with {PREFIX}/.", field=field)
    found: dict[str, str] = {}
    last = -1
    for part in parts:
        name, _, value = part.partition(":")
        if name not in METRICS:
            raise Invalid(f"CVSS 4.0 has no metric “{name[:20]}”.", field=field)
        if value not in METRICS[name]:
            raise Invalid(f"The values of {name} are {', '.join(METRICS[name])}.", field=field)
        if name in found:
            raise Invalid(f"{name} stands in the vector twice.", field=field)
        if _ORDER[name] < last:
            raise Invalid(f"{name} stands too late: the order of the metrics is fixed.", field=field)
        found[name], last = value, _ORDER[name]
    if missing := [name for name in BASE if name not in found]:
        raise Invalid(f"The vector lacks {', '.join(missing)}.", field=field)
    return found
