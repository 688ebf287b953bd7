"""The only room that knows HTTP: problems, strict bodies, sign-in, idempotency, paging, health."""
