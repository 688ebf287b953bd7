"""Every way in at once, with what the world does to messages: doubled, out of order, late, and servers that die; then an exact ledger."""
