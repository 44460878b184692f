"""People and things: users, contact methods, teams, services, integrations, keys, roles and the one permission rule.

Holds definitions and judges whether a change to one is valid; never stores anything and never pages anybody.
"""
