"""The reporting door: everything that summarises many tickets. Its database role cannot write."""
