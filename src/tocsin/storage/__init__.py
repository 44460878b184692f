"""The only place that speaks SQL. Each part has its own reason to be fast or careful; see its docstring."""
