"""诉求: what people told us, verbatim and for good, and how it becomes a ticket."""
