"""Connected systems: telephone exchanges, upper-level platforms and open clients, with their secrets; and the one way to call out."""
