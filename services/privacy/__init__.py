"""Personal data over time: how long it is kept, what may not be erased, what the persons concerned ask for, and erasing it."""
