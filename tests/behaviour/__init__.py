"""One file per promise, in the domain's words: alice is primary, bob secondary, carol manager, mallory an outsider."""
