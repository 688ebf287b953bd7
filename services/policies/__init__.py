"""政策: what a county decides about its rules, as versions that are dated, kept for good and can be taken back."""
