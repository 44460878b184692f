"""Vendor-compatible HTTP interfaces, one package each. A dialect renders and parses; it never decides."""
