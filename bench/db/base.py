"""The portal's database backend without scopes, to compare with."""

from portal.db import base


class DatabaseWrapper(base.DatabaseWrapper):
    def _in_scope(self, execute, sql, params, many, context):
        return execute(sql, params, many, context)
