"""Tocsin's own HTTP interface, for what no vendor's has a place for. Renders and reads; never decides."""
