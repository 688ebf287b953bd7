"""How an order of an upper-level platform is known among complaints: by the platform's code and its own number, as one message id. Pure."""

CHANNEL = "platform"


def order_message_id(connection: str, order_no: str) -> str:
    """Return the channel's message id of an order. A connection's code holds no slash, so it is read back without doubt."""
    return f"{connection}/{order_no}"


def read_order_message_id(message_id: str) -> tuple[str, str]:
    """Return (connection, order number) of a message id of the channel."""
    connection, _, order_no = message_id.partition("/")
    return connection, order_no
