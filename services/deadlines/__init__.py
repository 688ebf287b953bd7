"""时限: the working calendar, clocks, and what happens when they run out."""
