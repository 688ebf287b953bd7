"""Timeline, audit and outbox at once: immutable events, and the deliveries that are still owed for them."""
