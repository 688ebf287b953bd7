"""The petition desk: visitors and letters, their representatives, and the terms of the petition rules."""
