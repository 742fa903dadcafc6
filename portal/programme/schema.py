"""What can be set, by typed rows: each reads what a person types, refuses what is out of bounds, and says its value in words.

Upper floors add the settings of their kinds and texts from their AppConfig; this floor knows the names and the targets.
The 30 days of the window are not here: they are the order's, and the database holds them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from portal.errors import Invalid, Missing
from portal.programme.words import forbidden_in

NAMES, TARGETS, REMINDERS, WORDING, TERMS = "names", "targets", "reminders", "wording", "terms"
READING = "reading"
# The pages on which settings are changed, in their order.
GROUPS = {
    NAMES: "Names",
    TARGETS: "Targets",
    REMINDERS: "Reminders",
    WORDING: "Wording of messages",
    TERMS: "Standard access terms",
    READING: "Unusual reading",
}
_MARKUP = re.compile(r"[{}<>%$\[\]\\`|_*#~^@]|://|www\.", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_OFFSET = re.compile(r"([+-]?)(\d{1,4})\s*([dh]?)", re.IGNORECASE)
HOUR, DAY = 3600, 86400


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set. ``default`` is what holds where no version names it."""

    key: str
    group: str
    label: str
    default: Callable[[], Any]
    # Beneath which heading its page shows it.
    part: str = ""
    hint: str = ""

    def read(self, typed: str) -> Any:
        """The value that was typed, as versions store it. Raises Invalid, naming the setting."""
        raise NotImplementedError

    def typed(self, value: Any) -> str:
        """A value as a person would type it."""
        return str(value)

    def shown(self, value: Any) -> str:
        """A value in words."""
        return str(value)

    def refuse(self, words: str) -> Invalid:
        return Invalid(words, field=self.key)


@dataclass(frozen=True, slots=True)
class Number(Setting):
    """A whole number of ``unit`` between two bounds."""

    unit: str = "days"
    lowest: int = 1
    highest: int = 365

    def read(self, typed: str) -> int:
        text = typed.strip()
        if not re.fullmatch(r"[0-9]{1,5}", text):
            raise self.refuse(f"Write a whole number of {self.unit}.")
        number = int(text)
        if not self.lowest <= number <= self.highest:
            raise self.refuse(f"Between {self.lowest} and {self.highest} {self.unit}.")
        return number

    def shown(self, value: int) -> str:
        return f"{value} {self.unit if value != 1 else self.unit.removesuffix('s')}"


@dataclass(frozen=True, slots=True)
class Line(Setting):
    """One line of plain words, without markup, placeholders or a word that invariant 1 rules out."""

    lowest: int = 3
    highest: int = 120
    sentence: bool = False

    def read(self, typed: str) -> str:
        text = typed.strip()
        if not text:
            raise Missing("Write what it says.", field=self.key)
        if text == self.default():
            return text
        if "\n" in text or "\r" in text or _CONTROL.search(text):
            raise self.refuse("Write one line.")
        if not self.lowest <= len(text) <= self.highest:
            raise self.refuse(f"Write between {self.lowest} and {self.highest} characters.")
        if found := _MARKUP.search(text):
            raise self.refuse(f"Plain words only: no placeholder, markup or address ({found.group()}).")
        if words := forbidden_in(text):
            raise self.refuse(f"Nothing here says that of a release: {', '.join(words)}.")
        if self.sentence and not text.endswith((".", "?")):
            raise self.refuse("Write a sentence, with a full stop at its end.")
        return text


@dataclass(frozen=True, slots=True)
class Text(Setting):
    """A text of one or more paragraphs."""

    highest: int = 5000

    def read(self, typed: str) -> str:
        text = typed.replace("\r\n", "\n").strip()
        if not text:
            raise Missing("Write the text.", field=self.key)
        if _CONTROL.search(text):
            raise self.refuse("Control characters cannot be stored.")
        if len(text) > self.highest:
            raise self.refuse(f"Write at most {self.highest:,} characters.")
        return text


@dataclass(frozen=True, slots=True)
class Offsets(Setting):
    """When a date is reminded of: seconds from it, negative before it, in their order."""

    most: int = 16
    before: int = 120 * DAY
    after: int = 60 * DAY

    def read(self, typed: str) -> list[int]:
        pieces = [piece.strip() for piece in typed.split(",") if piece.strip()]
        if not pieces:
            raise Missing("Name at least one moment, such as -1d, 0.", field=self.key)
        found = [self._seconds(piece) for piece in pieces]
        if len(set(found)) < len(found):
            raise self.refuse("Name each moment once.")
        if len(found) > self.most:
            raise self.refuse(f"Name at most {self.most} moments.")
        return sorted(found)

    def _seconds(self, piece: str) -> int:
        match = _OFFSET.fullmatch(piece)
        if not match or (match[2].strip("0") and not (match[1] and match[3])):
            raise self.refuse(f"Write moments such as -7d, -12h, 0, +1d; this is none: {piece[:20]}")
        seconds = int(match[2]) * (HOUR if match[3].lower() == "h" else DAY)
        seconds = -seconds if match[1] == "-" else seconds
        if not -self.before <= seconds <= self.after:
            raise self.refuse(
                f"At most {self.before // DAY} days before the date and {self.after // DAY} days after it."
            )
        return seconds

    def typed(self, value: list[int]) -> str:
        return ", ".join(offset_name(seconds) for seconds in value)

    def shown(self, value: list[int]) -> str:
        return ", ".join(said_offset(seconds) for seconds in value)


def offset_name(seconds: int) -> str:
    """How an offset is typed, and written in keys and headers: ``-7d``, ``0``, ``+1d``, ``+12h``."""
    if seconds == 0:
        return "0"
    size, unit = (seconds // DAY, "d") if seconds % DAY == 0 else (seconds // HOUR, "h")
    return f"{size:+d}{unit}"


def said_offset(seconds: int) -> str:
    """An offset in words: "7 days before", "on time", "1 hour after"."""
    if seconds == 0:
        return "on time"
    size, unit = (abs(seconds) // DAY, "day") if seconds % DAY == 0 else (abs(seconds) // HOUR, "hour")
    return f"{size} {unit}{'' if size == 1 else 's'} {'before' if seconds < 0 else 'after'}"


SETTINGS: dict[str, Setting] = {}


def know(*rows: Setting) -> None:
    """Take settings in; pages show them in the order in which they came."""
    SETTINGS.update({row.key: row for row in rows})


def of_group(group: str) -> list[Setting]:
    return [row for row in SETTINGS.values() if row.group == group]


def _target(
    name: str, label: str, unit: str, lowest: int, highest: int, hint: str = "", part: str = ""
) -> Number:
    return Number(
        f"target:{name}", TARGETS, label, lambda: settings.PORTAL_TARGETS[name], part=part, hint=hint, unit=unit,
        lowest=lowest, highest=highest,
    )  # fmt: skip


# What stands in the record somebody was given, or ends somebody's access, keeps the date it was given.
_NEW_ONLY = "Holds for new ones; a date that was given stays."
_INSIDER = "Insider risk"
know(
    Line("name", NAMES, "Name of the programme", lambda: settings.PORTAL_PROGRAMME_NAME),
    Line("authority", NAMES, "Determining authority", lambda: settings.PORTAL_DETERMINING_AUTHORITY),
    _target("acknowledge_business_days", "Acknowledge a submission or inquiry", "business days", 1, 20),
    _target("attest_business_days", "Attest a seat", "business days", 1, 20),
    _target("information_request_business_days", "Answer a question", "business days", 1, 30),
    _target("draft_feedback_days", "Draft feedback, before the window closes", "days", 1, 29),
    _target("final_feedback_business_days", "Final feedback, after the window closed", "business days", 1, 60),
    _target("credentials_withdrawn_hours", "Credentials withdrawn, after access ended", "hours", 1, 168),
    _target("destruction_attested_days", "Material destroyed, after access ended", "days", 1, 90),
    _target("concur_business_days", "Answer a lab's proposal of a partner", "business days", 1, 30),
    _target("close_out_days", "Grant closed out, after it ended", "days", 1, 90),
    _target("disclosure_objection_business_days", "Answer a disclosure notice", "business days", 5, 60, _NEW_ONLY),
    _target(
        "disclosure_after_objection_business_days", "Disclosure despite an objection, after the decision",
        "business days", 5, 60, _NEW_ONLY,
    ),
    _target("seat_days_after_window", "A seat ends, after the window closed", "days", 1, 365, _NEW_ONLY),
    _target("partner_report_days", "A partner reports on a grant, every", "days", 7, 180),
    _target("grant_days", "A grant lasts, unless agreed otherwise", "days", 1, 365, _NEW_ONLY),
    _target("finding_owner_silent_days", "A finding's owner answers, after the notice", "days", 1, 180, _NEW_ONLY),
    _target("finding_disclosure_days", "A finding is disclosed, after the notice", "days", 14, 365, _NEW_ONLY),
    _target("finding_disclosure_extension_days", "On request, later by", "days", 1, 90, _NEW_ONLY),
    _target("finding_exploited_days", "An exploited finding is disclosed, after that is recorded", "days", 1, 90, _NEW_ONLY),
    _target("finding_exploited_extension_days", "On request, an exploited one later by", "days", 1, 30, _NEW_ONLY),
    _target("conflict_renewal_days", "A person's conflicts and ties are confirmed, every", "days", 30, 730),
    _target("partner_revetting_days", "A partner's vetting holds", "days", 30, 1095, _NEW_ONLY),
    _target("break_glass_hours", "Break-glass access lasts, at most", "hours", 1, 24, _NEW_ONLY, _INSIDER),
    _target("break_glass_answer_hours", "It is concurred with, once asked for, within", "hours", 1, 72, _NEW_ONLY, _INSIDER),
)  # fmt: skip


def _reading(
    name: str, label: str, default: int, unit: str, lowest: int, highest: int, part: str, hint: str = ""
) -> Number:
    return Number(
        f"reading:{name}", READING, label, lambda: default, part=part, hint=hint, unit=unit, lowest=lowest,
        highest=highest,
    )  # fmt: skip


_VOLUME, _HOURS, _DOMAIN = "More than usual", "Outside working hours", "Outside the person's domain"
_EACH_DAY = "By one person, of one case, on one day."
# What of people's reading is noted (docs/adr/0029). A high number notes next to nothing.
know(
    _reading("hour_looks", "Looks in an hour, more than", 120, "looks", 1, 10_000, _VOLUME),
    _reading("hour_documents", "Different files in an hour, more than", 20, "files", 1, 10_000, _VOLUME),
    _reading("day_looks", "Looks on a day, more than", 500, "looks", 1, 10_000, _VOLUME),
    _reading("day_documents", "Different files on a day, more than", 60, "files", 1, 10_000, _VOLUME),
    _reading(
        "times_usual", "And more than so many times the person's own average of 28 days", 3, "times", 1, 100, _VOLUME
    ),
    _reading("from_hour", "Working hours begin", 6, "o'clock", 0, 12, _HOURS),
    _reading("to_hour", "Working hours end", 22, "o'clock", 13, 24, _HOURS),
    _reading("night_looks", "Looks at night, at least", 10, "looks", 1, 10_000, _HOURS, _EACH_DAY),
    _reading(
        "free_day_looks", "Looks at weekends and on federal holidays, at least", 10, "looks", 1, 10_000, _HOURS, _EACH_DAY
    ),
    _reading("outside_looks", "Looks, at least", 5, "looks", 1, 10_000, _DOMAIN, _EACH_DAY),
    _reading("steps_days", "A step on a case makes its domains one's own for", 90, "days", 1, 730, _DOMAIN),
)  # fmt: skip
