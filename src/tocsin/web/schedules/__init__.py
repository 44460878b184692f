"""Pages about schedules: the list, one drawn over days, forms for all of it, and what a change means in people.

Who is on call is decided by `oncall` alone; here are wording, forms and pictures.
"""
