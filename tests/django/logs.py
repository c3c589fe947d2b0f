"""Logs for the companion's tests: small made ones, and those that real tools wrote."""

from __future__ import annotations

from typing import Any


def make_log(results: int = 10, tool: str = "t", **of_each: Any) -> dict[str, Any]:
    """A log with so many results; three rules take turns."""
    return {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": tool, "version": "1.0"}},
                "results": [make_result(number, **of_each) for number in range(results)],
            }
        ],
    }


def make_result(number: int, **more: Any) -> dict[str, Any]:
    where = {"artifactLocation": {"uri": f"src/a{number}.py"}, "region": {"startLine": number + 1}}
    return {
        "ruleId": f"R{number % 3}",
        "level": "error" if number % 2 else "note",
        "message": {"text": f"message {number}"},
        "locations": [{"physicalLocation": where}],
        **more,
    }
