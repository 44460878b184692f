"""Station 4, escalation: who is next, and when.

Decides which level of a policy has an incident and when the next one is called; never how a person is reached.
"""
