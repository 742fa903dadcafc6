"""What an event is called on pages. Upper floors say it of their own verbs; the ledger itself knows none."""

# (kind of subject such as ``submissions.submission``, verb) -> what was done, in words.
CHANGES: dict[tuple[str, str], str] = {}
# Verb of a look -> what was looked at, in words.
LOOKS: dict[str, str] = {}


def tell_changes(words: dict[str, dict[str, str]]) -> None:
    """Take an app's words in: kind of subject -> verb -> words."""
    for subject_type, verbs in words.items():
        CHANGES.update({(subject_type, verb): said for verb, said in verbs.items()})


def said(event) -> str:
    """An event in words: "Submitted the case"; the verb itself where nobody has words for it."""
    known = CHANGES.get((event.subject_type, event.verb)) if event.kind == "change" else LOOKS.get(event.verb)
    return known or event.verb.replace("_", " ").capitalize()
