"""Model to wire: one module per noun renders things as PagerDuty's clients expect them, key by key.

Decides names, types and nulls of the wire; never what is stored.
"""
