"""Verification: draws for call-backs, confirmations by the complainants, and demands that are adjudicated to be unreasonable."""
