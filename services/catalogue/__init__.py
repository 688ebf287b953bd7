"""派单目录: what a matter can be about, and the policy of each category."""
