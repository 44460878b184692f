"""Station 3, incidents: what a human must handle.

Decides the life of an incident: triggered, acknowledged, resolved, and everything people do to it in between.
Never decides who is next (escalation) nor how they are reached (paging).
"""
