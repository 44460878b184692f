"""Station 1, events: what a monitor said, in one form for all monitors, and where it goes.

Decides routing and suppression; never knows what alerts or incidents are open.
"""
