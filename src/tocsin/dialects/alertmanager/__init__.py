"""Alertmanager, inbound: its webhook, and its own HTTP API for those who take us for one. How much of it: parity.md."""
