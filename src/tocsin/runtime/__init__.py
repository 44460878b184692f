"""The imperative shell: everything that waits, wakes, or reads the clock. Decides nothing about alarms."""
