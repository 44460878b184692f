"""The words every station shares: moments, ids, decisions, limits and errors. Imports nothing of ours."""
