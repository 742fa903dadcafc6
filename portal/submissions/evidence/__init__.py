"""Reading the evidence a lab already has: an evaluation log of Inspect, a model card. Reads; stores and decides nothing."""

from portal.submissions.evidence.found import Evidence, Score, Unreadable
from portal.submissions.evidence.reading import read_evidence

__all__ = ["Evidence", "Score", "Unreadable", "read_evidence"]
