"""Wire to model: one module per noun turns a body's fields into changes of a thing or into a command.

Decides what a field means and whether it has the right shape; whether the thing makes sense is for the engine.
"""
