"""Tocsin carries an alarm all the way, one folder per station of its journey.

1. `events`: what a monitor said, routed and stripped of noise.
2. `alerts`: one problem, deduplicated.
3. `incidents`: what a human must handle.
4. `escalation`: who is next, and when.
5. `paging`: reaching a person, until somebody answers.
6. `rooms`: working it together.
7. `statuspages`: telling customers.
8. `postmortems`: learning from it.

`directory` and `oncall` say who there is and who is on call; `engine` joins the stations, `storage` remembers,
`runtime` acts, `dialects`, `connectors` and `web` talk to the world, `app` and `cli` put it together.
`engine/reactions.py` is the map of the whole journey.
"""
