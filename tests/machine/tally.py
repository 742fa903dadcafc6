"""What runs of the stateful test tried, did and asked."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """``tried`` and ``done`` by verb, ``refused`` by the refusal's code, ``asked`` the questions about the whole database."""

    tried: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    runs: int = 0
    asked: int = 0

    def note(self, verb: str, outcome: str) -> None:
        self.tried[verb] += 1
        if outcome == "done":
            self.done[verb] += 1
        else:
            self.refused[outcome] += 1

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.tried + other.tried, self.done + other.done, self.refused + other.refused,
            self.runs + other.runs, self.asked + other.asked,
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"{self.tried.total():,} actions tried in {self.runs:,} runs, {self.done.total():,} done,"
            f" {self.asked:,} questions asked"
        )

    def table(self) -> str:
        """A row a verb, the most tried first; then how often which refusal was given."""
        rows = [f"| {verb} | {count:,} | {self.done[verb]:,} |" for verb, count in self.tried.most_common()]
        refused = ", ".join(f"{code} {count:,}" for code, count in self.refused.most_common())
        return "\n".join(["| verb | tried | done |", "|---|---|---|", *rows, "", f"Refused: {refused}."])
