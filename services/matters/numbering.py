"""The number in the county's register of matters. Pure."""

FIRST_DIGITS = 4


def number_text(year: int, sequence: int) -> str:
    """Return the register's number, as documents of the state write theirs: 挂号〔2026〕第0012号."""
    return f"挂号〔{year}〕第{sequence:0{FIRST_DIGITS}}号"
