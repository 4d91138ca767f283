"""A field of a frozen dataclass that is worked out when somebody first reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Deferred(Generic[T]):
    """Declares the field: it is given a value, or the function that returns it, and reads as one.

    The function is called once at most, whenever that is: it must depend on nothing that changes.
    """

    def __init__(self, default: T) -> None:
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, one: None, owner: type) -> T: ...

    @overload
    def __get__(self, one: object, owner: type) -> T: ...

    def __get__(self, one: object | None, owner: type) -> T:
        if one is None:  # the dataclass asks for its field's default
            return self._default
        value: T | Callable[[], T] = one.__dict__[self._name]
        if callable(value):
            value = one.__dict__[self._name] = value()
        return value

    def __set__(self, one: object, value: T | Callable[[], T]) -> None:
        one.__dict__[self._name] = value
