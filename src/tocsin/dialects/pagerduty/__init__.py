"""PagerDuty's REST API v2: its paths, envelopes, error codes and texts over Tocsin's directory and incidents.

Renders and parses; never decides. `app.create` is the way in, `routes` the list of paths, `resources` what each does,
`read` turns wire into commands, `write` the model into wire. `parity.md` says what is there and what is not.
"""
