"""One file for each command: its function of the same name, plain or async (``load_units.py`` holds ``load_units``)."""
