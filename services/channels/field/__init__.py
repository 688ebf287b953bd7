"""What phones send from the field, with or without a network."""
