"""WeCom: what staff may ask."""
