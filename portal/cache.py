"""The cache: Redis or Valkey, and this process's own memory while that is away."""

import json
import logging
import time
from typing import Any

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger("portal.cache")

# Long enough that a page does not wait for a dead server again and again, short enough that nobody notices its return.
PAUSE_SECONDS = 5.0
AWAY = (redis.ConnectionError, redis.TimeoutError, OSError)


class JsonSerializer:
    """Values as JSON, whole numbers bare so that the server counts them. Django's own unpickles what it finds, by which whoever
    writes into the server runs code here. What JSON does not know (sets, dates) is refused: TypeError. A tuple comes back a list.
    """

    def dumps(self, value: Any) -> int | bytes:
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class TolerantRedisCache(RedisCache):
    """A cache whose absence never fails a page.

    While the server cannot be reached, values live in this process's memory, so that what counts (sign-in attempts, used
    codes) still counts, though per process. It never promises to remember: the cache is no place for a fact.
    """

    def __init__(self, server: str, params: dict[str, Any]):
        super().__init__(server, params)
        self._memory = LocMemCache(f"beside-{server}", params | {"OPTIONS": {}})
        self._away_until = 0.0

    def _either(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._away_until:
            try:
                answer = getattr(super(), method)(*args, **kwargs)
            except AWAY as error:
                self._gone(error)
            else:
                self._away_until = 0.0
                return answer
        return getattr(self._memory, method)(*args, **kwargs)

    def _gone(self, error: Exception) -> None:
        if not self._away_until:
            logger.warning("The cache cannot be reached; this process uses its own memory: %s", error)
        self._away_until = time.monotonic() + PAUSE_SECONDS

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._either("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._either("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._either("touch", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._either("delete", *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self._either("get_many", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return self._either("has_key", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return self._either("incr", *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._either("set_many", *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._either("delete_many", *args, **kwargs)

    def clear(self) -> None:
        self._either("clear")

    def count(self, key: str, seconds: int, step: int = 1) -> tuple[int, int]:
        """Add ``step`` to a counter that begins anew ``seconds`` after its first step: its number now, and the seconds left.

        One round to the server and atomic there. A counter never outlives its time, also where it ended between two calls.
        """
        if time.monotonic() >= self._away_until:
            try:
                answer = self._counted(self.make_and_validate_key(key), seconds, step)
            except AWAY as error:
                self._gone(error)
            else:
                self._away_until = 0.0
                return answer
        return self._counted_here(key, seconds, step)

    def _counted(self, key: str, seconds: int, step: int) -> tuple[int, int]:
        with self._cache.get_client(key, write=True).pipeline(transaction=True) as pipe:
            pipe.set(key, 0, ex=seconds, nx=True)
            pipe.incrby(key, step)
            pipe.ttl(key)
            _, number, left = pipe.execute()
        return int(number), int(left)

    def _counted_here(self, key: str, seconds: int, step: int) -> tuple[int, int]:
        self._memory.add(key, 0, seconds)
        try:
            return self._memory.incr(key, step), seconds
        except ValueError:
            # Its time ended between the two lines.
            self._memory.set(key, step, seconds)
            return step, seconds
