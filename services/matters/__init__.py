"""挂号: what many households tell becomes a candidate, a focus issue by decision, and a matter of the county's register."""
