"""The public page (公示): results without personal data, and who is responsible for my grid."""
