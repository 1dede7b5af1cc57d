"""Requests on the wire. The only I/O, and the only place that knows httpx, the API key and the on-behalf-of header."""
