"""Event orchestrations and services' own rules, to read, change and try. Decides nothing of what rules do."""
