"""Text that no spreadsheet takes for a formula: the one place that knows how. Pure."""

# Excel takes the full-width signs too.
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """Return `text`, with an apostrophe before what a spreadsheet would take for a formula. A lone sign is none."""
    return f"'{text}" if len(text) > 1 and text.startswith(_BEGINS_A_FORMULA) else text
