"""Which columns say who somebody is: the one list that erasure, backup and restore go by (docs/adr/0031).

It knows every column that can hold words; a test holds that none is missing. Nothing of Django is needed to read it, so that
``portal.stack`` can.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

# Where the address of an erased account ends: it has to have one of its own, and no mail goes anywhere (RFC 2606).
ERASED_DOMAIN = "@erased.invalid"
LOST_DOMAIN = "@lost.invalid"


@dataclass(frozen=True, slots=True)
class Texts:
    """The columns of one table that can hold words, each named once.

    ``person``: particulars of the holder of an account, or of a lab's contact; erasure removes them. ``others``: particulars of
    somebody whom an organisation named in a record that stays. ``words``: free text, which may name somebody. ``none``: neither.
    """

    person: str = ""
    others: str = ""
    words: str = ""
    none: str = ""

    def columns(self) -> list[str]:
        return [name for part in (self.person, self.others, self.words, self.none) for name in part.split()]


TEXTS: dict[str, Texts] = {
    # People, and how they sign in.
    "accounts_user": Texts(person="email name password zone"),
    "accounts_otheraddress": Texts(person="email"),
    "accounts_formeraddress": Texts(person="email"),
    "accounts_providerlink": Texts(person="issuer provider subject"),
    "accounts_savedview": Texts(person="name page query"),
    "accounts_apitoken": Texts(person="digest name token_key"),
    "accounts_personkey": Texts(none="key"),
    "accounts_maildomain": Texts(none="domain"),
    "accounts_organisation": Texts(none="name short_name"),
    "account_emailaddress": Texts(person="email"),
    "account_emailconfirmation": Texts(person="key"),
    "mfa_authenticator": Texts(person="data"),
    "usersessions_usersession": Texts(person="data ip session_key user_agent"),
    "django_session": Texts(person="session_data session_key"),
    "django_admin_log": Texts(person="change_message object_id object_repr"),
    "socialaccount_socialaccount": Texts(person="extra_data provider uid"),
    "socialaccount_socialtoken": Texts(person="token token_secret"),
    "socialaccount_socialapp": Texts(none="client_id key name provider provider_id secret settings"),
    "auth_permission": Texts(none="codename name"),
    "auth_group": Texts(none="name"),
    "django_content_type": Texts(none="app_label model"),
    # What is told them.
    "deadlines_bounce": Texts(person="address said"),
    "deadlines_calendarfeed": Texts(person="digest"),
    "deadlines_deadline": Texts(none="case_number kind link"),
    # What a mail server answered is kept without the addresses in it (``without_addresses``).
    "deadlines_message": Texts(none="case_number failure key kind link"),
    "deadlines_noticepreference": Texts(none="group"),
    "deadlines_domainpace": Texts(none="domain"),
    "deadlines_heartbeat": Texts(none="name"),
    # The record names people by id alone; a reason is what its writer wrote.
    "ledger_event": Texts(words="reason", none="capacity data digest salt subject_type verb"),
    "ledger_leaf": Texts(none="hash"),
    "ledger_node": Texts(none="hash"),
    "ledger_key": Texts(none="accepted endorsed public"),
    "ledger_head": Texts(none="counts root signature"),
    "ledger_seal": Texts(none="digest"),
    "programme_version": Texts(words="reason values", none="digest"),
    # Cases.
    "submissions_contact": Texts(person="email name phone"),
    "submissions_checkpoint": Texts(none="identifier"),
    "submissions_submission": Texts(none="case_number"),
    "submissions_terms": Texts(
        words="confidentiality cybersecurity insider_risk intellectual_property purpose use_nondisclosure"
    ),
    "submissions_accessinstructions": Texts(words="sealed"),
    "submissions_document": Texts(words="title", none="cui"),
    "submissions_documentversion": Texts(
        words="name", none="content_type file scan_detail sha256 watermark_problem"
    ),
    "submissions_conflict": Texts(words="note"),
    "submissions_alias": Texts(none="label"),
    "submissions_breakglass": Texts(words="reason"),
    "submissions_disclosurenotice": Texts(words="text", none="reference"),
    "submissions_disclosurestatement": Texts(words="text", none="verb"),
    "submissions_evaluation": Texts(
        words="checkpoint dataset model source_name status task", none="scores source_sha256"
    ),
    "submissions_facts": Texts(words="capabilities checkpoint evaluations model_name safeguards summary"),
    "submissions_informationrequest": Texts(words="text"),
    "submissions_requestanswer": Texts(words="text"),
    "submissions_requestfollowup": Texts(words="text"),
    "submissions_unusualreading": Texts(words="note"),
    "submissions_legalhold": Texts(words="lift_reason matter reason"),
    "submissions_recordsrequest": Texts(
        words="description extension_reason", none="tracking_number"
    ),
    "submissions_spill": Texts(none="kind number"),
    "submissions_upload": Texts(words="name"),
    # The agency's side.
    "reviews_assignment": Texts(words="note reason"),
    "reviews_rubricversion": Texts(words="introduction note"),
    "reviews_rubricquestion": Texts(words="guidance title", none="key"),
    "reviews_assessmentanswer": Texts(words="text"),
    "reviews_assessment": Texts(words="classified_pointer findings limitations method response"),
    "reviews_inquiry": Texts(words="answer model_name question", none="number"),
    "reviews_designation": Texts(words="basis subject"),
    "reviews_designationconsultation": Texts(words="office words"),
    "reviews_agencylog": Texts(
        words="model name status task", none="content_type file problems scan_detail sha256"
    ),
    "reviews_agencyscore": Texts(words="metric score"),
    "reviews_matchingrun": Texts(none="digests number result"),
    "reviews_matchingpair": Texts(none="why"),
    "reviews_matchingoutcome": Texts(words="words"),
    "reviews_retest": Texts(words="text what"),
    "reviews_retestanswer": Texts(words="text"),
    # The partners' side.
    "partners_partnerprofile": Texts(words="operates", none="country"),
    "partners_partnerterms": Texts(words="text"),
    "partners_partnerapplication": Texts(
        others="contacts", words="operates ownership_words website", none="attested country lei mail_domains"
    ),
    "partners_partnerevidence": Texts(words="name shows", none="content_type file scan_detail sha256"),
    "partners_grant": Texts(words="instructions_sealed purpose", none="end_verb reason_code"),
    "partners_finding": Texts(
        others="reporter_chain vendor_contact", words="product text title version", none="cvss cwe number"
    ),
    "partners_findingrelay": Texts(words="clearinghouse", none="their_id"),
    "partners_findingfile": Texts(words="name shows", none="content_type file scan_detail sha256"),
    "partners_partnernomination": Texts(words="name reason why", none="country"),
    "partners_grantreport": Texts(words="outcome problems used_for"),
    "partners_vettingcriteria": Texts(words="introduction note"),
    "partners_vettingcriterion": Texts(words="guidance title", none="key"),
    "partners_vetting": Texts(words="reason"),
    "partners_vettinganswer": Texts(words="note reason"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table of which a backup holds particulars only under their person's key.

    ``owner`` is the column with the id of the person whose key it is. ``columns`` are what is sealed of a row that stays when
    its person is erased; without any, the whole row is, and goes with its person.
    """

    table: str
    owner: str
    columns: tuple[str, ...] = ()


# In this order they are written and read. The first two are people themselves: each has a key.
SEALED = (
    Sealed("accounts_user", "id", ("email", "name", "password", "zone", "last_login")),
    Sealed("submissions_contact", "id", ("email", "name", "phone")),
    Sealed("accounts_otheraddress", "user_id"),
    Sealed("accounts_formeraddress", "user_id"),
    Sealed("accounts_providerlink", "user_id"),
    Sealed("accounts_savedview", "user_id"),
    Sealed("accounts_apitoken", "user_id"),
    Sealed("account_emailaddress", "user_id"),
    Sealed("mfa_authenticator", "user_id"),
    Sealed("deadlines_bounce", "person_id"),
    Sealed("deadlines_calendarfeed", "person_id"),
    Sealed("deadlines_noticepreference", "person_id"),
    Sealed("deadlines_quiethours", "person_id"),
    Sealed("deadlines_absence", "person_id"),
)
KEYS = "accounts_personkey"
# What no backup holds rows of: sessions, which nobody goes on with after a restore; the keys themselves; and tables of packages
# that the portal writes nothing into.
LEFT_OUT = (
    KEYS,
    "django_session",
    "usersessions_usersession",
    "account_emailconfirmation",
    "django_admin_log",
    "socialaccount_socialaccount",
    "socialaccount_socialtoken",
)


def name_erased(erased_at: datetime) -> str:
    """What stands where a name stood."""
    day = erased_at.astimezone(UTC)
    return f"Person erased on {day.day} {day:%B %Y}"


def tombstone(table: str, person: UUID | str, erased_at: datetime | None) -> dict[str, Any]:
    """What stands in a row that stays when its person is erased; ``erased_at`` is None where the key was lost, not destroyed."""
    name = name_erased(erased_at) if erased_at else "Particulars lost"
    domain = ERASED_DOMAIN if erased_at else LOST_DOMAIN
    address = UUID(str(person)).hex + domain
    if table == "submissions_contact":
        return {"name": name, "email": address, "phone": ""}
    return {
        "name": name,
        "email": address,
        # How Django writes that no password fits.
        "password": "!",
        "zone": "America/New_York",
        "last_login": None,
        "is_active": False,
        "is_superuser": False,
        "erased_at": erased_at,
    }
