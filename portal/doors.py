"""What every web door does with an action's answer: a refusal becomes words on the page, never an error page."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Page, Paginator
from django.db.models import Func, IntegerField, QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme

from portal import sightings
from portal.errors import AlreadyDone, Invalid, Refused, Stale

Result = TypeVar("Result")


def attempt(request: HttpRequest | None, form: BaseForm, call: Callable[[], Result]) -> Result | None:
    """Run one action; a refusal becomes an error of the form (beside ``error.field`` where it has it) and None is returned.

    What was typed stays in the form. A door tells a refusal from an action that returns nothing by ``form.is_valid()``,
    which is False from then on.
    """
    try:
        return call()
    except Refused as error:
        refuse(form, error)
        return None


def refuse(form: BaseForm, error: Refused) -> None:
    """Put a refusal onto a bound form: beside its field, or above them all where the form has none that is seen."""
    field = form.fields.get(error.field or "")
    form.add_error(error.field if field and not field.widget.is_hidden else None, error.message)
    if isinstance(error, Stale):
        for change in error.changes:
            form.add_error(None, change)
    form.refusal = error  # type: ignore[attr-defined]


def answer(request: HttpRequest, template: str, context: dict[str, Any], *, form: BaseForm) -> HttpResponse:
    """The page of a form: 409 where the case changed meanwhile, 403 where the step is not the person's, else 200."""
    refusal = getattr(form, "refusal", None)
    if form.errors:
        sightings.refused(request, status=400 if refusal is None else refusal.status)
    status = 200 if refusal is None or isinstance(refusal, Invalid) else refusal.status
    return render(request, template, {"form": form, **context}, status=status)


def verb_post(request: HttpRequest, call: Callable[[], Any], *, done: str, back: str) -> HttpResponse:
    """Run the action behind a one-button form, say what came of it, and send the person on (303)."""
    try:
        call()
    except AlreadyDone as error:
        messages.info(request, error.message)
    except Stale as error:
        sightings.refused(request, status=error.status)
        messages.error(request, " ".join([error.message, *error.changes]))
    except Refused as error:
        sightings.refused(request, status=error.status)
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return see_other(back)


def see_other(url: str) -> HttpResponse:
    """A redirect after a POST: the browser fetches the page anew and a reload repeats nothing."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def page_of_form(request: HttpRequest, *, default: str = "/") -> str:
    """The portal's page that the form or link of this request was on, as the browser says; else ``default``."""
    page = urlsplit(request.headers.get("Referer", ""))
    if page.netloc != request.get_host() or not page.path.startswith("/"):
        return default
    return f"{page.path}?{page.query}" if page.query else page.path


def back_or(request: HttpRequest, default: str) -> str:
    """Where a form asked to return to (``next``), if that is within the portal."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and safe else default


class CappedPaginator(Paginator):
    """Pages of a list whose length is counted up to a limit only: past it the list ends in "and more"."""

    LIMIT = 1000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, QuerySet):
            # Joins made for showing rows are no part of counting them.
            return rows.order_by().values("pk")[: self.LIMIT + 1].count()
        return len(rows)

    @property
    def is_capped(self) -> bool:
        return self.count > self.LIMIT


def page_of(request: HttpRequest, rows: QuerySet, *, size: int = 25) -> Page:
    """The page a request asks for; a number that is none or too high shows the nearest page.

    One query where the page asked for is there: its rows bring the number of all rows along.
    """
    paginator = CappedPaginator(rows, size)
    wanted = request.GET.get("page", "1")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else 0
    if not 0 < number <= paginator.LIMIT // size + 1:
        return paginator.get_page(wanted)
    # As the paginator counts them, said within the query: the database counts once, not for each row.
    every = ArraySubquery(rows.order_by().values("pk")[: paginator.LIMIT + 1])
    counted = Func(every, function="cardinality", output_field=IntegerField())
    found = list(rows.annotate(number_of_all=counted)[(number - 1) * size : number * size])
    if number > 1 and not found:
        return paginator.get_page(wanted)
    paginator.count = found[0].number_of_all if found else 0
    if number > paginator.num_pages:
        return paginator.get_page(wanted)
    return Page(found[: paginator.count - (number - 1) * size], number, paginator)
