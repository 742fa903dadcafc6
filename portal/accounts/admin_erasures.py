"""Erasing a person on the page of their account (docs/adr/0031): one who looks after accounts asks, a second one does it."""

from django import forms

from portal.accounts import actions, policies
from portal.accounts.models import Erasure
from portal.admin import Step, StepForm


class ErasureForm(StepForm):
    """Shows first who asked for it and why, what goes, what stays, and what stands against it."""

    preface = "admin/accounts/erasing.html"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.waiting = Erasure.objects.visible_to(self.user).waiting().filter(user=self.subject).first()
        self.against = actions.against_erasing(user=self.subject, at=self.at)


class AskErasure(ErasureForm):
    ground = forms.ChoiceField(
        label="Why",
        choices=Erasure.Ground,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why."},
        help_text="It stands on record, where nothing that names the person does.",
    )


STEPS = (
    Step(
        "ask_erasure",
        actions.ask_erasure,
        form=AskErasure,
        label="Ask to erase the person",
        submit="Ask",
        explain="Their name, their addresses and all by which they sign in go, once a second person who looks after accounts"
        " confirms it. What they did stays on record, without their name.",
        done="Asked. It waits for a second person; the person was told.",
        available=lambda user, person, at: (
            policies.may_ask_to_erase(user, person) and person.erasure_asked_by is None
        ),
    ),
    Step(
        "erase_person",
        actions.erase_person,
        form=ErasureForm,
        label="Erase the person",
        explain="You are the second person. It cannot be taken back, from a backup neither.",
        done="The person was erased. Backups made before are shut for them once the operator has written the next keyring.",
        available=lambda user, person, at: (
            person.erasure_asked_by not in (None, user.pk) and policies.may_ask_to_erase(user, person)
        ),
        grave=True,
        confirmed=True,
    ),
    Step(
        "stop_erasure",
        actions.stop_erasure,
        label="Do not erase the person",
        explain="It can be asked for again.",
        done="The person is not erased.",
        available=lambda user, person, at: user.is_superuser and person.erasure_asked_by is not None,
    ),
)
# Of the list of accounts: title and rows, by the value in its address.
QUESTIONS = {
    "erasure": (
        "Erasure asked for",
        lambda rows, user, at: rows.filter(pk__in=Erasure.objects.waiting().order_by().values("user")),
    ),
    "erased": ("Erased", lambda rows, user, at: rows.filter(erased_at__isnull=False)),
}


def panels(request, person) -> list[tuple[str, str, dict]]:
    """The section of an account's page that says how it stands; none where nobody asked."""
    erasure = Erasure.objects.visible_to(request.user).filter(user=person, stopped_at=None).first()
    return [("Erasure", "admin/accounts/erasure.html", {"erasure": erasure})] if erasure else []
