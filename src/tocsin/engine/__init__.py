"""The pure dispatcher: runs a command through the stations and follows the facts. Performs no I/O.

`reactions` is the map of the product, `dispatch.execute` the way in, `world` what a decision may look at.
"""
