"""The command line: how it fails, and what `up` refuses before it starts anything."""
