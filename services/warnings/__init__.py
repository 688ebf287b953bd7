"""Early warnings: units and categories that leave their usual band."""
