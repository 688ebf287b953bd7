"""Webhooks out: who subscribed to which events of tickets, what is owed to them, and how it is called out."""
