"""The operator's desk: who is calling, drafts that survive a dropped call, calls and tickets of each other, calls to make."""
