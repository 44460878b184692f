"""Station 5, paging: reaching a person.

Decides which contact method is used when, what is bundled, retried and cancelled, and what a reply means.
Never decides who is responsible (escalation) and never talks to a provider (connectors do).
"""
