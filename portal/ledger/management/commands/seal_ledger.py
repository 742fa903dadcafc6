from django.core.management.base import CommandError

from portal.commands import JobCommand
from portal.ledger import keys, sealing


class Command(JobCommand):
    sees = ("ledger",)
    help = (
        "Seal every settled event now. --despite-faults goes on over events whose digest does not fit, or over old seals that"
        " do not, for whoever knows why (a lost PORTAL_LEDGER_KEY): what is sealed so is vouched for from now on only."
        " --key-alone lets a new signing key take over from one whose secret was lost or got into other hands: run"
        " verify_ledger with the old key in settings, or compare with a witness's head, before."
    )

    def add_arguments(self, parser):
        parser.add_argument("--despite-faults", action="store_true")
        parser.add_argument("--key-alone", action="store_true")

    def handle(self, *args, **options):
        try:
            count = sealing.seal_new_events(
                seconds=float("inf"), despite=options["despite_faults"], key_alone=options["key_alone"]
            )
        except (sealing.NotSealedError, keys.KeyRetiredError, keys.KeyUnknownError) as fault:
            raise CommandError(str(fault), returncode=1) from fault
        self.stdout.write(f"Sealed {count} events.")
