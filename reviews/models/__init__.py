"""The agency's side: who is asked to a case, who reviews it, what they found, inquiries, designations, and runs of matching."""

from reviews.models.assessments import Assessment
from reviews.models.designations import Designation, DesignationConfirmation, DesignationConsultation
from reviews.models.inquiries import Inquiry
from reviews.models.logs import AgencyLog, AgencyScore
from reviews.models.matching import (
    MatchingNeed,
    MatchingOutcome,
    MatchingPair,
    MatchingRun,
    ReviewerProfile,
)
from reviews.models.retests import Retest, RetestAnswer
from reviews.models.rubrics import AssessmentAnswer, RubricQuestion, RubricVersion
from reviews.models.seats import Assignment, CaseAgency, Domain

__all__ = [
    "AgencyLog",
    "AgencyScore",
    "Assessment",
    "AssessmentAnswer",
    "Assignment",
    "CaseAgency",
    "Designation",
    "DesignationConfirmation",
    "DesignationConsultation",
    "Domain",
    "Inquiry",
    "MatchingNeed",
    "MatchingOutcome",
    "MatchingPair",
    "MatchingRun",
    "Retest",
    "RetestAnswer",
    "ReviewerProfile",
    "RubricQuestion",
    "RubricVersion",
]
