"""The hotline's calls: what exchanges said of them, what that means, and their recordings."""
