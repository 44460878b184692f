"""Tocsin's tests. alice is primary, bob secondary, carol their manager, mallory an outsider."""
