"""The 水渠 story: what the households of 水口村 tell at their doors becomes a matter of the register, and is struck off when done.

It takes half a year, so it is told through doors of its own, whose clock it sets: the same doors as anybody's, in this process. Only
`people` touches the database beside them, for the register of households and for whoever is missing.
"""
