"""Security advisories of findings, written and read as CSAF 2.0 and OSV. Pure: no database, no settings."""

from partners.advisories.checking import check
from partners.advisories.failures import AdvisoryError, Failure
from partners.advisories.json_text import dumps

__all__ = ["AdvisoryError", "Failure", "check", "dumps"]
