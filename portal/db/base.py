"""A connection that carries the scope of portal/scope.py into each transaction, by settings that end with it.

So a pooled connection, PgBouncer's included, brings nothing of whoever used it before. A statement outside any transaction
gets one of its own where there is a scope; where there is none, it is sent as it is and sees nothing that is protected.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from portal import clock, scope

ENTER = "SELECT portal_enter(%s, %s, %s)"
OPEN = "SELECT set_config('portal.lifted', %s, true)"
# Statements that read or write rows. Others need no scope, and some come where nothing can be asked: to end what failed.
_ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "DECLARE", "EXPLAIN", "COPY", "(")


def _is_about_rows(sql: Any) -> bool:
    return not isinstance(sql, str) or sql.lstrip().upper().startswith(_ROWS)


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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

    def _tell(self, asked: scope.Scope) -> None:
        told = self._told
        if asked == scope.NOTHING and told is None:
            # A transaction begins with nothing.
            return
        with self.connection.cursor() as cursor:
            if told is not None and told.root is asked.root:
                # Some rooms more or fewer; who asks, and what their seats are, is known.
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
