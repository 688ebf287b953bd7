"""党员服务日 and visits at the door: service days, their five steps, visits and attempts, and who owes which."""
