"""Bulletins (通报): generated, checked, frozen; corrections appear as corrections."""
