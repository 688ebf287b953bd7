"""The embedded servers, each test on servers of its own."""
