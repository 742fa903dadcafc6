"""``POST /<collection>/<id>/<verb>/``: the verbs of a state table as routes, each with its own entry in the schema.

    class GrantViewSet(VerbsMixin, ReadOnlyViewSet):
        model, serializer_class = Grant, GrantSerializer
        machine, subject, may_take = MACHINE, "grant", staticmethod(policies.may_take)
        verbs = {"consent": (actions.consent, None), "extend": (actions.extend, ExtendInput), ...}

``verbs`` maps each verb of the table to its action and the serializer of what it takes besides the subject (None: nothing).
``revision``, ``reason`` and ``reason_code`` are added where the action has a parameter for them. A class whose verbs are not
those of its table does not load.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action as route
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.fields import Reason, Revision, StrictSerializer
from portal.api.views import valid
from portal.errors import NotAllowed
from portal.machine import Machine
from portal.stepup import confirms

Verbs = Mapping[str, tuple[Callable[..., Any], type[serializers.BaseSerializer] | None]]


class VerbsMixin:
    """A collection with verbs.

    Who cannot see the object gets 404; whose verb it is not 403, whatever the body says; a wrong body 400; a wrong state, a
    step done already or a stale revision 409.
    """

    machine: ClassVar[Machine]
    # The keyword under which the actions take the object.
    subject: ClassVar[str]
    verbs: ClassVar[Verbs] = {}
    # Verbs of the table that the API does not offer here.
    verbs_elsewhere: ClassVar[frozenset[str]] = frozenset()
    # Verbs for which a session's person uses the second factor once more (``portal.stepup``).
    confirmed_verbs: ClassVar[frozenset[str]] = frozenset()
    # (actor, subject, verb) -> bool: whether the table lets the person take the verb from any state.
    may_take: ClassVar[Callable[[Any, Any, str], bool]]

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        if "verbs" not in cls.__dict__:
            return
        missing = set(cls.machine.verbs()) - cls.verbs_elsewhere ^ set(cls.verbs)
        if missing:
            raise ImproperlyConfigured(f"{cls.__name__} and its state table differ in {sorted(missing)}.")
        for verb, (action, taken) in cls.verbs.items():
            # Under a name of its own: a verb such as ``answer`` must not stand in a method's place.
            setattr(cls, f"take_{verb}", _route(cls, verb, action, taken))

    def take(
        self: Any, verb: str, action: Callable[..., Any], body: type[serializers.Serializer]
    ) -> Response:
        """Run a verb on the object of this address and answer with the object as it is afterwards."""
        found = self.get_object()
        actor = self.request.user
        if not type(self).may_take(actor, found, verb):
            raise NotAllowed("This step is not yours to take.")
        result = action(
            actor=actor,
            **{self.subject: found},
            **valid(body, self.request, context=self.get_serializer_context()),
        )
        if not isinstance(result, type(found)):
            found.refresh_from_db()
            result = found
        return self.answer(result)

    def answer(self: Any, result: Any) -> Response:
        """What a verb answers: the object."""
        return self.shown(result)


def _route(cls: type[VerbsMixin], verb: str, action: Callable[..., Any], taken: type | None) -> Callable:
    body = body_of(f"{cls.subject.title()}{verb.title().replace('_', '')}", action, taken)
    summary = inspect.getdoc(action) or verb

    def take(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.take(verb, action, body)

    take.__name__, take.__qualname__ = f"take_{verb}", f"{cls.__qualname__}.take_{verb}"
    take.__module__, take.__doc__ = cls.__module__, summary
    if verb in cls.confirmed_verbs:
        confirms(take)
    answer = getattr(cls, "answer_class", None) or getattr(cls, "serializer_class", None)
    routed = route(detail=True, methods=["post"], url_path=verb, url_name=verb)(take)
    # Outermost: a route drops what was said of the function before.
    return extend_schema(request=body, responses={200: answer}, description=summary, filters=False)(routed)


def body_of(name: str, action: Callable[..., Any], taken: type | None) -> type[serializers.Serializer]:
    """The serializer of a verb's body: what the verb takes, and revision, reason and code where the action knows them."""
    parameters = inspect.signature(action).parameters
    base = taken or StrictSerializer
    declared = getattr(base, "_declared_fields", {})
    fields: dict[str, serializers.Field] = {}
    for field, longest in (("reason", 2000), ("reason_code", 60)):
        if field in parameters and field not in declared:
            # Left out is empty: it is for the state table to say whether the step asks for one.
            bare = parameters[field].default is inspect.Parameter.empty
            fields[field] = Reason(max_length=longest, **({"default": ""} if bare else {"required": False}))
    if "expected_revision" in parameters:
        fields["revision"] = Revision(source="expected_revision")
    return type(name, (base,), fields)
