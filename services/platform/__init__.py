"""The ground every room stands on: settings, database, unit of work, errors, doorbell, ids, logging."""
