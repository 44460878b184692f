"""Outbound connectors: one package per provider.

They render and send what `paging` decided; they never decide, and never touch the database.
"""
