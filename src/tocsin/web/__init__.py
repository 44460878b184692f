"""The operator's pages: rendered on the server, whole without scripts, live with them.

Decides how things look and which command a button gives. Never decides what may be done (the engine does), never
touches a database (it asks `Reads` and `Desk`), and never reads a clock.
"""
