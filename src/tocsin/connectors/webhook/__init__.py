"""Signed webhooks to any address: Standard Webhooks outward."""
