"""Telling programs: what happened goes to the addresses that subscribed to it, in order, until they have it.

Never pages anybody and never holds up who does.
"""
