"""The door for everything people do that changes something while they wait."""
