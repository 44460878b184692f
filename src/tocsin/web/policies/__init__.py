"""Escalation policies: the list, a policy's page, its form with a look at the change before it is saved."""
