"""Security advisories of findings, written and read as CSAF 2.0 and OSV. Pure: no database, no settings."""

from partners.advisories.advisory import (
    Acknowledgment,
    Advisory,
    Identifier,
    Note,
    Product,
    Publisher,
    Reference,
    Remediation,
    Revision,
)
from partners.advisories.checking import check
from partners.advisories.csaf_reading import each_from_csaf, from_csaf
from partners.advisories.csaf_writing import csaf_file_name, to_csaf
from partners.advisories.failures import AdvisoryError, Failure
from partners.advisories.json_text import dumps
from partners.advisories.osv_reading import from_osv
from partners.advisories.osv_writing import to_osv

__all__ = [
    "Acknowledgment",
    "Advisory",
    "AdvisoryError",
    "Failure",
    "Identifier",
    "Note",
    "Product",
    "Publisher",
    "Reference",
    "Remediation",
    "Revision",
    "check",
    "csaf_file_name",
    "dumps",
    "each_from_csaf",
    "from_csaf",
    "from_osv",
    "to_csaf",
    "to_osv",
]
