"""The list on which everything wrong with a plan file is put down while it is read."""

from __future__ import annotations

from phasegate.core.problem import Problem, unknown


class Wrong(ValueError):
    """One value is not what it should be; whoever knows its place puts it on the notes."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        """Keep what a note needs besides the place."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class Notes:
    """Collects problems; reading goes on after each."""

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self.problems: list[Problem] = []

    def wrong(
        self, path: str, code: str, message: str, remedy: str, line: int | None = None
    ) -> None:
        """Put one error down."""
        self.problems.append(
            Problem(path=path, code=code, message=message, remedy=remedy, line=line)
        )

    def caught(self, path: str, line: int, wrong: Wrong) -> None:
        """Put a wrong value down at its place."""
        self.wrong(path, wrong.code, wrong.message, wrong.remedy, line)

    def unknown(self, path: str, line: int, noun: str, name: str, known: list[str]) -> None:
        """Put an unknown name down, with those that are known."""
        problem = unknown(path, noun, name, known)
        self.wrong(path, problem.code, problem.message, problem.remedy, line)
