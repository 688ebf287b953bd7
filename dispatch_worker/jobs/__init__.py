"""What the worker does, one short file a job."""
