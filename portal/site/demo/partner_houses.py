"""The partner organisations' ways into the programme, and out of it."""

from partners.actions import organisations, vetting
from partners.attestations import ATTESTATIONS
from partners.models import Ownership, PartnerProfile, Sector, VettingAnswer, VettingCriteria
from portal.site.demo.stage import Script, Stage


class HouseActs:
    """One partner organisation, its administrator and the programme's coordinator."""

    profile: PartnerProfile

    def __init__(self, stage: Stage, house: str, admin: str):
        self.cast = stage.cast
        self.house, self.admin = self.cast.house(house), self.cast.person(admin)
        self.office = self.cast.person("desmond_coordinator")

    def apply(self, sector: Sector, operates: str, country: str = "US") -> None:
        contact = {
            "name": self.admin.name,
            "role": "Security contact",
            "email": self.admin.email,
            "telephone": "+1 202 555 0100",
        }
        self.profile = organisations.apply(
            actor=self.admin,
            organisation=self.house,
            sectors=[sector],
            country=country,
            operates=operates,
            contacts=[contact],
            ownership=Ownership.NONE,
            attestations=list(ATTESTATIONS),
        )

    def nominate(self, sector: Sector, operates: str, country: str = "US") -> None:
        self.profile = organisations.nominate(
            actor=self.office, organisation=self.house, sectors=[sector], country=country, operates=operates
        )

    def vet(self) -> None:
        organisations.begin_vetting(actor=self.office, profile=self.profile)

    def answer(self, **unlike: tuple[str, str]) -> None:
        """Every criterion is met, but for those that are named with what was found and why."""
        keys = VettingCriteria.objects.current().criteria.values_list("key", flat=True)
        met = {key: {"found": VettingAnswer.Found.MET} for key in keys}
        other = {key: {"found": found, "reason": reason} for key, (found, reason) in unlike.items()}
        vetting.answer_criteria(actor=self.office, profile=self.profile, answers=met | other)

    def find_eligible(self) -> None:
        self.answer()
        organisations.find_eligible(actor=self.office, profile=self.profile)


def harbor(stage: Stage) -> Script:
    it = HouseActs(stage, "harbor", "hana_admin")
    yield stage.day(-215, 10)
    it.apply(Sector.ENERGY, "Substations and dispatch for four invented counties.")
    yield stage.day(-210, 10)
    it.vet()
    yield stage.day(-200, 10)
    it.find_eligible()


def meridian(stage: Stage) -> Script:
    """Eligible, and to be vetted again in three weeks."""
    it = HouseActs(stage, "meridian", "marta_admin")
    yield stage.day(-362, 10)
    it.nominate(Sector.WATER, "Treatment works and pumping stations of an invented river.")
    yield stage.day(-355, 10)
    it.vet()
    yield stage.day(-344, 10)
    it.find_eligible()


def cloverleaf(stage: Stage) -> Script:
    it = HouseActs(stage, "cloverleaf", "clive_admin")
    yield stage.day(-190, 10)
    it.apply(Sector.IT, "Incident response for small utilities.", country="CA")
    yield stage.day(-185, 10)
    it.vet()
    yield stage.day(-180, 10)
    it.find_eligible()


def larkspur(stage: Stage) -> Script:
    it = HouseActs(stage, "larkspur", "lena_admin")
    yield stage.day(-178, 10)
    it.apply(Sector.DAMS, "Two dams that exist on paper only.")
    yield stage.day(-176, 10)
    it.vet()
    yield stage.day(-170, 10)
    it.find_eligible()
    yield stage.day(-10, 15)
    reason = "Its security officer reported an incident; vetted again once it is understood."
    organisations.suspend(actor=it.office, profile=it.profile, reason=reason)


def oxbow(stage: Stage) -> Script:
    """Found eligible more than a year ago and not vetted again: lapsed by the clock."""
    it = HouseActs(stage, "oxbow", "otto_admin")
    yield stage.day(-392, 10)
    it.apply(Sector.COMMUNICATIONS, "An invented backbone.", country="GB")
    yield stage.day(-388, 10)
    it.vet()
    yield stage.day(-380, 10)
    it.find_eligible()


def tindertown(stage: Stage) -> Script:
    it = HouseActs(stage, "tindertown", "tess_admin")
    yield stage.day(-160, 10)
    it.apply(Sector.TRANSPORT, "Signals of an invented railway.")
    yield stage.day(-158, 10)
    it.vet()
    yield stage.day(-150, 10)
    it.find_eligible()
    yield stage.day(-30, 10)
    organisations.remove(actor=it.office, profile=it.profile, reason="The organisation was dissolved.")


def saltmarsh(stage: Stage) -> Script:
    it = HouseActs(stage, "saltmarsh", "sam_admin")
    yield stage.day(-52, 10)
    it.apply(Sector.HEALTH, "Six invented clinics.")
    yield stage.day(-50, 10)
    it.vet()
    yield stage.day(-43, 10)
    again = stage.day(60).date()
    it.answer(use=(VettingAnswer.Found.NOT_MET, "Who would act on what is found is not said."))
    organisations.not_select(
        actor=it.office,
        profile=it.profile,
        reason_code="information",
        reason="Say who in the clinics would act on findings, and apply again.",
        reapply_on=again,
    )


def juniper(stage: Stage) -> Script:
    it = HouseActs(stage, "juniper", "jude_admin")
    yield stage.day(-12, 10)
    it.apply(Sector.FINANCE, "Clearing of invented securities.")
    yield stage.day(-6, 10)
    it.vet()
    yield stage.day(-2, 10)
    it.answer()


def pemberley(stage: Stage) -> Script:
    it = HouseActs(stage, "pemberley", "petra_admin")
    yield stage.ago(hours=28)
    it.apply(Sector.FOOD, "Cold stores and mills, all of them invented.")


def gannet(stage: Stage) -> Script:
    it = HouseActs(stage, "gannet", "gail_admin")
    yield stage.day(-3, 10)
    it.nominate(Sector.TRANSPORT, "Cranes and berths of an invented port.")


SCRIPTS = [harbor, meridian, cloverleaf, larkspur, oxbow, tindertown, saltmarsh, juniper, pemberley, gannet]
