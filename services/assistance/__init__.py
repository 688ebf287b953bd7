"""帮扶、调解、议事: what is done for a household, what is settled between two parties, what a village decides together."""
