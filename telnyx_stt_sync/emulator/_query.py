"""The query string of one connection, where a name may stand more than once."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping
from urllib.parse import parse_qsl, urlsplit


class Query(Mapping[str, str]):
    """The parameters of a connection: ``query["model"]`` is the first value of that name.

    Compares equal to a plain ``dict`` of first values. Immutable, so any
    thread may read it.
    """

    def __init__(self, query_string: str) -> None:
        self._values: Dict[str, List[str]] = {}
        for name, value in parse_qsl(query_string, keep_blank_values=True):
            self._values.setdefault(name, []).append(value)

    @classmethod
    def of_target(cls, target: str) -> Query:
        """The query of a request target such as ``/path?model=nova-3``."""
        return cls(urlsplit(target).query)

    def get_all(self, name: str) -> List[str]:
        """Every value of that name, in the order they came; empty when there is none."""
        return list(self._values.get(name, ()))

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Query({self._values!r})"
