"""挂钩: who is paired with which household, village or township, since when and until when."""
