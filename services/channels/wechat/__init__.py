"""The WeChat official account: its wire, what people say on it, and what is done."""
