"""Assessment (考核) of units and persons: score sheets by rules, appeals, fair to small units."""
