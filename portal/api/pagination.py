"""Pages of a list without counting it: one row more than the page says whether there is a next one."""

import re
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

# An address further out is a mistake or an attack: the database would have to walk all rows before it.
MAX_PAGE = 10_000


class PagePagination(BasePagination):
    """``{"results", "next", "previous"}`` with ``?page=`` from 1 and ``?page_size=`` up to 100 (more is cut to 100).

    The list must have a total order. A page past the end is empty; a number that is none is a 400.
    """

    page_size = 25
    max_page_size = 100

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list:
        self.request = request
        self.number = _number(request, "page", 1)
        if self.number > MAX_PAGE:
            raise ValidationError(
                {"page": [f"The last page that can be asked for is {MAX_PAGE}. Filter the list."]}
            )
        size = min(_number(request, "page_size", self.page_size), self.max_page_size)
        first = (self.number - 1) * size
        rows = list(queryset[first : first + size + 1])
        self.has_next = len(rows) > size
        return rows[:size]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next(), "previous": self._previous()})

    def _next(self) -> str | None:
        if not self.has_next or self.number >= MAX_PAGE:
            return None
        return replace_query_param(self.request.build_absolute_uri(), "page", self.number + 1)

    def _previous(self) -> str | None:
        if self.number == 1:
            return None
        here = self.request.build_absolute_uri()
        if self.number == 2:
            return remove_query_param(here, "page")
        return replace_query_param(here, "page", self.number - 1)

    def get_paginated_response_schema(self, schema: dict) -> dict:
        link = {"type": "string", "format": "uri", "nullable": True}
        properties = {"results": schema, "next": link, "previous": link}
        return {"type": "object", "required": ["results", "next", "previous"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict]:
        return [
            _parameter("page", "Which page, from 1.", maximum=MAX_PAGE),
            _parameter(
                "page_size", f"Rows a page; {self.page_size} when not given.", maximum=self.max_page_size
            ),
        ]


def _parameter(name: str, description: str, *, maximum: int) -> dict:
    schema = {"type": "integer", "minimum": 1, "maximum": maximum}
    return {"name": name, "required": False, "in": "query", "description": description, "schema": schema}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise ValidationError({name: ["Give a whole number from 1."]})
    return int(text)
