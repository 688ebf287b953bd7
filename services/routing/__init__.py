"""派单: where a matter is, who must act on it, and why."""
