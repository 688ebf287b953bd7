"""Files: sniffed, hashed, stored once, linked to what they show."""
