"""The schema of the API and the page that shows it; both are public, since they tell of no case."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny


class OnceGenerator(SchemaGenerator):
    """Makes the schema once a process: it follows from the code alone, and takes half a second."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict:
        return _made()


# Two threads that make their process's first schema at once would disturb each other in what drf-spectacular loads.
_MAKING = Lock()


def _made() -> dict:
    with _MAKING:
        return _make()


@cache
def _make() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


class SchemaView(SpectacularAPIView):
    """The OpenAPI description: JSON, or YAML where asked for."""

    generator_class = OnceGenerator
    authentication_classes: list = []
    permission_classes = [AllowAny]
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The schema to read and to try, by the person who is signed in or with a token."""
    return render(request, "site/api_docs.html")


schema = SchemaView.as_view()
