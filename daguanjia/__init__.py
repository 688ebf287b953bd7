"""The command: runs the whole stack on one machine, loads a county, verifies, tells the story."""
