"""Open311 GeoReport v2: requests of open clients, and updates both ways."""
