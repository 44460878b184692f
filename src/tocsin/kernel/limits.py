"""Upper bounds: everything that grows with what others send has one, and it stands here with its reason."""

from __future__ import annotations

BODY_BYTES = 512 * 1024
"""One event, decompressed. PagerDuty: 512 KB; Alertmanager drops details itself above 512,000 bytes."""

BATCH_BYTES = 4 * 1024 * 1024
"""A request that carries many alerts (Prometheus sends up to 256 in one)."""

BATCH_ALERTS = 2_000
"""Alerts in one request."""

BATCH_COMMANDS = 1_000
"""Commands that count together. PagerDuty takes 250 incidents in one request, each with a few changes."""

NESTING = 64
"""Levels of arrays and objects in a body; deeper ones are refused before parsing."""

SUMMARY_CHARS = 1024
DEDUP_KEY_CHARS = 255
LABELS_PER_ALERT = 256
REACTION_DEPTH = 16
"""Facts may cause commands that cause facts; a chain longer than this is a defect, not a plan."""

ALERTS_PER_INCIDENT = 1000

HELD_ALERTS = 50
"""Alerts that the end of a maintenance window releases in one go; the others follow in the next turns."""

QUIET_INCIDENTS = 50
"""Incidents that become urgent in one go when support hours begin or end; the others follow in the next turns."""

TOLD_AT_ONCE = 250
"""Contact methods that one status update goes to; messages about the hand-offs of one schedule, the others follow."""

HANDOFF_RULES = 50
"""Rules of one person for hand-offs: each is a message whenever a shift of theirs begins or ends."""

COVER_REQUESTS = 50
"""Requests of one person to be covered that wait for an answer: each tells everybody on a schedule."""

SAID_IMPACTS = 250
"""Business services of which somebody said whether one incident reaches them; they are kept with it."""

RESPONDER_REQUESTS = 50
"""Requests for help with one incident; they are kept with it."""

RESPONDERS = 250
"""People who were asked to help with one incident; they are kept with it."""

BUNDLE_PAGES = 50
"""Pages that one message carries, and so are loaded, written or answered in one go. What is beyond them is counted."""

NAME_CHARS = 255
DESCRIPTION_CHARS = 4096
NOTE_CHARS = 2000

SAVED_VIEWS = 50
"""Filters under a name that one person keeps; all of them stand above the list."""

SEVERAL_COMMANDS = 50
"""Commands that each count by themselves in one request: they are one turn of the engine, which must be short."""

WORKFLOW_RUNS = 100
"""Times that workflows run on one incident; each writes several lines on its timeline."""

WORKFLOW_DEPTH = 3
"""Workflows that may start each other in a row, by what their steps change: a longer row is a circle."""

CALLS_PER_ALERT = 32
"""Web addresses that rules want called for one alert."""

CALL_PAIRS = 100
"""Headers of one call of a web address, and as many parameters."""

FILLED_CHARS = 256 * 1024
"""Text that rules take out of one event or fill in for it, and that a workflow's step fills in for one call: it is kept
with each, and a few rules with long templates would otherwise make many megabytes of every event."""
