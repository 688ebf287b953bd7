"""Resident identity numbers against vectors that two foreign libraries agree on."""

import json
from pathlib import Path

import pytest

from services.platform.identity_numbers import masked_identity_number, normalised_identity_number

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "cn_identifiers.json").read_text(encoding="utf-8"))["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["note"])
def test_every_vector(vector):
    if vector["valid"]:
        assert normalised_identity_number(vector["id_number"]) == vector["id_number"].upper()
    else:
        with pytest.raises(ValueError, match="must"):
            normalised_identity_number(vector["id_number"])


def test_the_mask_shows_three_and_four():
    assert masked_identity_number("340521198402290324") == "340***********0324"
