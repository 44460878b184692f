"""Stand-ins that are small real programs: they keep state, check credentials and signatures, and fail when told to.

Used by the tests, by `tocsin demo` and by `tocsin simulate`; never by a server in earnest.
"""
