"""Station 2, alerts: one problem, deduplicated.

Decides whether an event opens, repeats or resolves an alert; never decides whether a human must hear of it.
"""
