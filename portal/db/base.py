"""A connection that carries the scope of portal/scope.py into each transaction, by settings that end with it.

So a pooled connection, PgBouncer's included, brings nothing of whoever used it before. A statement outside any transaction
gets one of its own where there is a scope; where there is none, it is sent as it is and sees nothing that is protected.

Policies stand in the plans of what they protect, and planning them can take longer than the rest. So two kinds of statements keep
their plan (``plan_kept``), made for whoever asks: those that look rows up by their ids, and those of ``portal.prepared``, in
which all is spelled out but ids and instants. Another, of which a plan would know no constant, would be planned badly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, operations
from psycopg.pq import TransactionStatus

from portal import clock, scope

ENTER = "SELECT portal_enter(%s, %s, %s)"
OPEN = "SELECT set_config('portal.lifted', %s, true)"
# Statements that read or write rows. Others need no scope, and some come where nothing can be asked: to end what failed.
_ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "DECLARE", "EXPLAIN", "COPY", "(")


def _is_about_rows(sql: Any) -> bool:
    return not isinstance(sql, str) or sql.lstrip().upper().startswith(_ROWS)


class KeptCursor(base.ServerBindingCursor):
    """Has the server keep the plan of what it asks; values are sent beside the statement."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **options | {"prepare": True})  # type: ignore[misc]


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """What was asked, for logs and counts of statements; a kept one has no text with its values in it."""
        if isinstance(cursor, KeptCursor):
            return str(self.compose_sql(sql, params))
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keeps_plan = False
        # What the present transaction was told; None for nothing. Compared by identity: each scope has an instant of its own.
        self._told: scope.Scope | None = None
        self.execute_wrappers.append(self._in_scope)

    def _in_scope(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        asked = scope.current()
        if self.connection is None or self._told is asked or not _is_about_rows(sql):
            return execute(sql, params, many, context)
        in_transaction = self.connection.info.transaction_status != TransactionStatus.IDLE
        if in_transaction or not self.autocommit:
            self._tell(asked)
            return execute(sql, params, many, context)
        if asked == scope.NOTHING:
            return execute(sql, params, many, context)
        with self.connection.transaction():
            self._tell(asked)
            try:
                return execute(sql, params, many, context)
            finally:
                self._told = None

    @contextmanager
    def plan_kept(self) -> Iterator[None]:
        """The first statement of the block keeps its plan. PgBouncer gives each transaction another connection: not there."""
        self._keeps_plan = not settings.PORTAL_PGBOUNCER
        try:
            yield
        finally:
            self._keeps_plan = False

    def create_cursor(self, name: str | None = None) -> Any:
        if name or not self._keeps_plan:
            return super().create_cursor(name)
        self._keeps_plan = False
        usual, self.connection.cursor_factory = self.connection.cursor_factory, KeptCursor
        try:
            return super().create_cursor()
        finally:
            self.connection.cursor_factory = usual

    def _tell(self, asked: scope.Scope) -> None:
        told = self._told
        if asked == scope.NOTHING and told is None:
            # A transaction begins with nothing.
            return
        with self.connection.cursor() as cursor:
            if told is not None and told.root is asked.root and told.lifted != scope.EVERYTHING:
                # Some rooms more or fewer; who asks, and what their seats are, is known. Of who sees everything they are not.
                cursor.execute(OPEN, (asked.lifted,))
            else:
                cursor.execute(ENTER, (asked.person, asked.lifted, clock.known()))
        self._told = asked

    def _forget(self) -> None:
        self._told = None

    def connect(self) -> None:
        self._forget()
        super().connect()

    def _set_autocommit(self, autocommit: bool) -> None:
        self._forget()
        super()._set_autocommit(autocommit)  # type: ignore[misc]

    def _commit(self) -> None:
        self._forget()
        super()._commit()  # type: ignore[misc]

    def _rollback(self) -> None:
        self._forget()
        super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        # What was told after the savepoint is undone with it, and what was told before holds again: which, is not known here.
        self._told = scope.Scope()
        super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _close(self) -> None:
        self._forget()
        super()._close()  # type: ignore[misc]
