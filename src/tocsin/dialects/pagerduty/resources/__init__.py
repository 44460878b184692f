"""What each path does: look things up, have the engine change them, render the answer. One module per noun.

Decides nothing that lasts: every change is a command, and every answer is the model as it is.
"""
