"""Who somebody is and what they may do: accounts, sign-in, the permission table."""
