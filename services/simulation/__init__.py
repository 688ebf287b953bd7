"""Rules before they are in force: which kinds there are, and what changed ones would have done."""
