from portal.accounts import actions
from portal.commands import JobCommand


class Command(JobCommand):
    sees = ("ledger", "deadlines", "submissions")
    help = "Put on record who was erased by the keyring that a backup was restored with; restore runs it by itself."

    def handle(self, *args, **options):
        count = actions.record_erasures()
        self.stdout.write(f"{count} erasures since the backup are on record again.")
