"""Writing fractions down as bulletins print them: exact, halves rounded up. Pure."""


def decimal_text(numerator: int, denominator: int, decimals: int) -> str | None:
    """Return numerator / denominator with `decimals` places, halves rounded up; None without denominator.

    Exact: whole numbers only, no binary fractions. Rounding half up is what the public samples in `tests/vectors` do.
    """
    if denominator == 0:
        return None
    scale = 10**decimals
    scaled = (2 * scale * numerator + denominator) // (2 * denominator)
    whole, rest = divmod(scaled, scale)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)


def percent_text(numerator: int, denominator: int, decimals: int = 2) -> str | None:
    """Return 100 × numerator / denominator as :func:`decimal_text`; None without denominator."""
    return decimal_text(100 * numerator, denominator, decimals)
