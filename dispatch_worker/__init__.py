"""Everything that happens while nobody waits: dispatching, clocks, escalation, sending, counting."""
