"""Exports of reports and lists as files, saved reports and their delivery."""
