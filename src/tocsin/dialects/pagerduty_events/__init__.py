"""PagerDuty's Events API, inbound: alerts (v2), change events, and the old v1. How much of it: parity.md."""
