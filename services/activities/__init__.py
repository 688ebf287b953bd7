"""What was done outside of tickets: visits, opinions, things done, funds, people helped, disputes."""
