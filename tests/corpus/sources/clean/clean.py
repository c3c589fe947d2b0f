"""Nothing to find here."""


def double(value: int) -> int:
    """Twice the value."""
    return value + value
