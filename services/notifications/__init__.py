"""What leaves the house: messages to complainants and units, and the senders that carry them."""
