"""工单: the work item, its lifecycle, and everything that is done to it."""
