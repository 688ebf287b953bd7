"""Daily anchors: a signed Merkle root over the heads of all journals, so that strangers can check that nothing was changed."""
