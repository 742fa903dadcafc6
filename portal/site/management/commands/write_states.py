from django.conf import settings
from django.core.management.base import BaseCommand

from portal.site import states_doc


class Command(BaseCommand):
    help = "Write docs/states.md from the state tables."

    def handle(self, *args, **options):
        (settings.BASE_DIR / "docs" / "states.md").write_text(states_doc.text())
