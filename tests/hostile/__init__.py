"""Everything that wishes us ill: hostile requests of every kind, and personal data looked for where it must not be."""
