"""户: the register of households, as villages keep it; who lives there is sealed."""
