"""From buttons to actions: which steps are offered, the page that asks, and the POST that calls the action."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import HttpResponse
from django.template.response import TemplateResponse

from portal import clock, sightings, stepup
from portal.admin.steps import Offer, Step, StepForm, label_of
from portal.doors import refuse, see_other
from portal.errors import AlreadyDone, Invalid, NotAllowed, Refused, Stale
from portal.ledger.stale import refuse_changed_since
from portal.machine import Machine


@dataclass(slots=True)
class Outcome:
    """What became of a request for a step: ``settled`` when there is nothing left to ask, ``closed`` when it cannot be taken."""

    status: int = 200
    settled: bool = False
    closed: bool = False
    result: Any = None
    # Where the second factor is used once more, when that is what is missing.
    confirm: str = ""


class ChosenForm(ActionForm):
    """A step for the rows that were ticked, and never for "all of them", of which nobody has seen more than a page."""

    # When the list was shown: what changed since is left for a look.
    shown_at = forms.CharField(
        required=False, widget=forms.HiddenInput, initial=lambda: clock.now().isoformat()
    )

    def clean_select_across(self) -> bool:
        return False


class TakesSteps:
    """The part of PortalAdmin that knows about ``steps``."""

    machine: Machine | None = None
    subject = ""
    steps: tuple[Step, ...] = ()
    bulk_steps: tuple[str, ...] = ()
    add_step: Step | None = None
    action_form = ChosenForm
    # How the rows of ``bulk_steps`` are ordered: by what their action locks first.
    locked_in_order: tuple[str, ...] = ("pk",)

    def offers(self, request, obj) -> list[Offer]:
        """The buttons of an object's page: what the state table, the capacities and each step's own condition leave."""
        at = clock.now()
        table = self._open_transitions(request.user, obj, at)
        return [
            Offer(step, label_of(step, table.get(step.verb)), self.url_of(step.verb, obj))
            for step in self.steps
            if self._is_open(step, table)
            and (step.available is None or step.available(request.user, obj, at))
        ]

    def _is_open(self, step: Step, table: dict) -> bool:
        if self.machine is not None and step.verb in self.machine.verbs():
            return step.verb in table
        # Outside the table: a step that does not say when it is offered is not offered.
        return step.available is not None

    def _open_transitions(self, user, obj, at: datetime) -> dict:
        if self.machine is None:
            return {}
        state = obj.state_at(at) if hasattr(obj, "state_at") else obj.state
        return {t.verb: t for t in self.machine.verbs_from(state, self.capacities(user, obj, at=at))}

    def _transitions_of(self, step: Step) -> list:
        return [t for t in self.machine.transitions if t.verb == step.verb] if self.machine else []

    def _needs_reason(self, step: Step) -> bool:
        return step.asks_reason or any(t.needs_reason for t in self._transitions_of(step))

    def _label(self, step: Step) -> str:
        return label_of(step, next(iter(self._transitions_of(step)), None))

    # --- one step's page ----------------------------------------------------------------------------------------------------
    def step_view(self, request, object_id, *, step: Step):
        """One verb's page: GET asks, POST calls the action. What the form offers to choose from is for whose step it is: to
        others nothing of it is shown, also where it would be sent back as it was.
        """
        obj = self.visible_or_404(request, object_id)
        if request.method == "POST" and not self._is_theirs(request.user, step, obj):
            raise PermissionDenied("This step is not yours to take, or not any more.")
        return self._step_page(request, step, obj)

    def _is_theirs(self, user, step: Step, obj) -> bool:
        """Whether a step is this person's in whatever state; of a step outside the table its action says."""
        table = self._transitions_of(step)
        return not table or bool({t.who for t in table} & self.capacities(user, obj, at=clock.now()))

    def _step_page(self, request, step: Step, obj) -> HttpResponse:
        form = self._form(request, step, obj)
        outcome = Outcome()
        unconfirmed = step.confirmed and not stepup.is_confirmed(request)
        if unconfirmed and request.method != "POST":
            return stepup.ask(request)
        if unconfirmed:
            # What was typed stays in the form.
            form.add_error(None, stepup.WORDS)
            outcome = Outcome(status=403, confirm=stepup.ask_url(request, back=request.get_full_path()))
        elif request.method == "POST":
            outcome = self._take(request, step, obj, form)
            if outcome.settled:
                return self._see(request, outcome.result, obj)
        elif obj is not None and step.verb not in {offer.step.verb for offer in self.offers(request, obj)}:
            outcome = Outcome(status=409, closed=True)
        if form.errors:
            sightings.refused(request, status=outcome.status if outcome.status != 200 else 400)
        if obj is not None:
            self.asked(request, step, obj)
        else:
            self.asked_to_add(request, form)
        context = {
            **self.admin_site.each_context(request),
            "title": self._label(step),
            "step": step,
            "form": form,
            "outcome": outcome,
            "original": obj,
            "opts": self.opts,
            "plural": self.plural,
            "media": self.media + form.media,
            "back": self.url_of("change", obj) if obj is not None else self.url_of("changelist"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/step.html", context, status=outcome.status)

    def asked(self, request, step: Step, obj) -> None:
        """Called when a step's page is shown: where it shows material, write the look here."""

    def asked_to_add(self, request, form: StepForm) -> None:
        """As ``asked``, for the page that makes a new row."""

    def _form(self, request, step: Step, obj) -> StepForm:
        initial = request.GET.dict()
        if obj is not None:
            narrowed = {name: value for name, value in initial.items() if name in step.form.narrowed_by}
            initial = {"revision": getattr(obj, "revision", None)} | narrowed
        return step.form(
            request.POST if request.method == "POST" else None,
            request.FILES if request.method == "POST" else None,
            user=request.user,
            subject=obj,
            at=clock.now(),
            needs_reason=self._needs_reason(step),
            initial=initial,
        )

    def _take(self, request, step: Step, obj, form: StepForm) -> Outcome:
        """Call the action with the form's values; a refusal becomes the form's error, and the text stays in the form."""
        if not form.is_valid():
            return Outcome()
        try:
            result = self._call(request.user, step, obj, form.arguments())
        except AlreadyDone as refusal:
            messages.info(request, refusal.message)
            return Outcome(settled=True)
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.message) from refusal
        except Refused as refusal:
            refuse(form, refusal)
            if isinstance(refusal, Stale) and obj is not None:
                self._renew(request, obj, form)
            return Outcome(status=200 if isinstance(refusal, Invalid) else refusal.status)
        messages.success(request, step.done)
        return Outcome(settled=True, result=result)

    def _renew(self, request, obj, form: StepForm) -> None:
        """The page says what changed, so sending the same form again is a decision about the case as it now is."""
        if "revision" in form.fields:
            form.data = form.data.copy()
            form.data["revision"] = (
                self.visible(request).filter(pk=obj.pk).values_list("revision", flat=True).first()
            )

    def _call(self, user, step: Step, obj, arguments: dict):
        subject = {self.subject: obj} if obj is not None else {}
        arguments = {
            name: value
            for name, value in arguments.items()
            if name != "expected_revision" or step.takes(name)
        }
        return step.call(actor=user, **subject, **arguments)

    def _see(self, request, result, obj) -> HttpResponse:
        """Back to the object's page, or to the list when the step took it out of this person's sight."""
        shown = obj or (result if isinstance(result, self.model) else None)
        if shown is not None and self.visible(request).filter(pk=shown.pk).exists():
            return see_other(self.url_of("change", shown))
        return see_other(self.url_of("changelist"))

    # --- several rows at once -----------------------------------------------------------------------------------------------
    def may_take_several(self, user) -> bool:
        """Who is offered ``bulk_steps`` at all; whether one may be taken on a row, its action says."""
        return user.has_seat("agency", "coordinator")

    def get_actions(self, request):
        """Only ``bulk_steps``, and of these none that wants a reason, which is about one case, or the second factor, which a list
        does not ask for.
        """
        if not self.may_take_several(request.user):
            return {}
        return {
            step.verb: (partial(_take_each, step=step), step.verb, self._label(step))
            for step in self.steps
            if step.verb in self.bulk_steps and not self._needs_reason(step) and not step.confirmed
        }

    def response_action(self, request, queryset):
        """As Django's; but what was chosen under no id, by a form that was altered, is not there and no fault."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        request.POST = request.POST.copy()
        request.POST.setlist(ACTION_CHECKBOX_NAME, [text for text in chosen if _is_key(self.model, text)])
        return super().response_action(request, queryset)


def _is_key(model: type[Model], text: str) -> bool:
    """Whether a text can be the key of a row."""
    try:
        model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return "\0" not in text


def _instant(text: str) -> datetime | None:
    """An instant as the list's form carries it; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _take_each(model_admin: TakesSteps, request, queryset, *, step: Step) -> None:
    """Call the action row by row, each in a savepoint of its own, and report every row that was refused. A row that changed since
    the list was shown is left for a look.
    """
    done, shown_at = 0, _instant(request.POST.get("shown_at", ""))
    # In the order in which they are locked, so that two people with overlapping choices do not wait for each other in a circle.
    for obj in queryset.order_by(*model_admin.locked_in_order):
        try:
            with transaction.atomic():
                refuse_changed_since(obj, shown_at)
                model_admin._call(request.user, step, obj, {})
        except Refused as refusal:
            messages.warning(request, f"{obj}: {refusal.message}")
        else:
            done += 1
            messages.success(request, f"{obj}: {step.done}")
    if not done:
        messages.warning(request, "Nothing was done.")
