"""The list of a ModelAdmin: which rows a page shows, and how many there are."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import InvalidPage
from django.utils.functional import SimpleLazyObject

from portal import clock
from portal.lookups import Among, OneOf
from portal.prepared import Statement, given_ids, kept, looked_up


class PortalChangeList(ChangeList):
    """A list that counts only what does not fit on its first page."""

    def get_queryset(self, request, exclude_parameters=None):
        self.asked_by = request
        if not self.model_admin.keys_first:
            return super().get_queryset(request, exclude_parameters)
        # What the page says of its filters. The rows themselves are made where something asks for them: see ``_by_keys``.
        self.filter_specs, self.has_filters, *_, self.has_active_filters = self.get_filters(request)
        return SimpleLazyObject(lambda: self._narrowed(exclude_parameters))

    def _narrowed(self, exclude_parameters=None):
        """The rows as the address narrows and orders them, made anew: of the present instant, or of one yet to be given."""
        before, self.root_queryset = self.root_queryset, self.model_admin.get_queryset(self.asked_by)
        try:
            return super().get_queryset(self.asked_by, exclude_parameters)
        finally:
            self.root_queryset = before

    def get_results(self, request):
        by_keys = self.model_admin.keys_first
        counted = self._keys() if by_keys else self.queryset
        self.paginator = self.model_admin.get_paginator(request, counted, self.list_per_page)
        try:
            self.result_list = self._by_keys(counted) if by_keys else self._by_rows()
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.result_count = self.paginator.count
        self.multi_page = self.result_count > self.list_per_page
        self.full_result_count, self.can_show_all = None, False
        self.show_full_result_count, self.show_admin_actions = False, bool(self.result_list)

    def _by_rows(self) -> list:
        """A page's rows, the first with one more, which tells whether there is anything to count."""
        if self.page_num > 1:
            return list(self.queryset[self._wanted()])
        rows = list(self.queryset[: self.list_per_page + 1])
        if len(rows) <= self.list_per_page and not self.model_admin.always_count:
            self.paginator.count = len(rows)
        return rows[: self.list_per_page]

    def _by_keys(self, keys: list) -> list:
        """The page's rows by their keys, of as many as are counted: what narrows the list is asked once."""
        wanted = keys[self._wanted()]
        # Of what the person sees, once more: between the two statements that may have ended. With the joins of the stock list.
        rows = self.model_admin.for_list(self.model._default_manager.all())
        rows = rows if rows.query.select_related else self.apply_select_related(rows)
        found = (
            {row.pk: row for row in looked_up(rows.filter(self._seen(wanted)).order_by())} if wanted else {}
        )
        return [found[key] for key in wanted if key in found]

    def _keys(self) -> list:
        """The keys of the rows in their order, as many as are counted. The statement is kept, but for searches."""
        at, most = clock.now(), self.model_admin.paginator.LIMIT + 1
        if self.query:
            return list(self.queryset.values_list("pk", flat=True)[:most])
        statement = kept(
            ("keys", type(self.model_admin), self._asked(), most, self.asked_by.user.standing(at)),
            lambda at: Statement.of(self._narrowed().values_list("pk")[:most]),
            at=at,
        )
        return [key for (key,) in statement.rows(at=at)]

    def _asked(self) -> tuple:
        """What of the address narrows and orders the list."""
        return tuple(sorted((name, *values) for name, values in self.filter_params.items()))

    def _seen(self, keys: list) -> Any:
        """Of the rows with these keys, those that the person sees: a condition."""
        at, request = clock.now(), self.asked_by
        statement = kept(
            ("seen", type(self.model_admin), request.user.standing(at)),
            lambda at: Statement.of(
                self.model_admin.visible(request)
                .filter(Among("pk", given_ids()))
                .order_by()
                .values_list("pk")
            ),
            at=at,
        )
        return OneOf("pk", statement.within(at=at, ids=keys))

    def _wanted(self) -> slice:
        page = self.paginator.page(self.page_num)
        return slice(max(page.start_index() - 1, 0), page.end_index())

    @property
    def is_capped(self) -> bool:
        return self.paginator.is_capped

    @property
    def limit(self) -> int:
        return self.paginator.LIMIT
