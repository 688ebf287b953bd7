"""Shifts of people in the field: on duty and off, and where they are meanwhile, coarsely and not for long."""
