"""What people look at: selects on a reading connection, one module per noun. Decides which index serves which question.

Never writes, and never judges who may see what: the caller says whose sight to stay within.
"""
