"""The composition root: settings, wiring, process roles and the server's front door."""
