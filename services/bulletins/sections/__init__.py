"""The sections of a bulletin. Each is a pure function from the frozen figures to a section, or to None where there is nothing to say."""
