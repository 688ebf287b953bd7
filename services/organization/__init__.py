"""Who there is: units of every kind in one tree, members, and the posts they hold."""
