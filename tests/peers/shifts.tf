# A shift-based schedule: rotations with events in turn and together, an unassigned place, a policy that calls it.

terraform {
  required_providers {
    pagerduty = { source = "pagerduty/pagerduty" }
  }
}

variable "tocsin_url" {}

variable "token" {
  sensitive = true
}

provider "pagerduty" {
  token            = var.token
  api_url_override = "${var.tocsin_url}/pagerduty"
}

resource "pagerduty_user" "ann" {
  name  = "Ann"
  email = "ann@example.com"
}

resource "pagerduty_user" "ben" {
  name  = "Ben"
  email = "ben@example.com"
}

resource "pagerduty_team" "ops" {
  name = "Ops"
}

resource "pagerduty_schedulev2" "shifts" {
  name        = "Shifts"
  time_zone   = "America/New_York"
  description = "Who has the pager"
  teams       = [pagerduty_team.ops.id]

  rotation {
    event {
      name            = "Workdays"
      start_time      = "2026-01-05T09:00:00-05:00"
      end_time        = "2026-01-05T17:00:00-05:00"
      effective_since = "2026-01-05T00:00:00Z"
      recurrence      = ["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "EXDATE;VALUE=DATE:20261225"]

      assignment_strategy {
        type              = "rotating_member_assignment_strategy"
        shifts_per_member = 5

        member {
          type    = "user_member"
          user_id = pagerduty_user.ann.id
        }

        member {
          type = "empty_member"
        }
      }
    }

    event {
      name            = "Workday evenings"
      start_time      = "2026-01-05T17:00:00-05:00"
      end_time        = "2026-01-05T23:00:00-05:00"
      effective_since = "FUTURE"
      effective_until = "LATER"
      recurrence      = ["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"]

      assignment_strategy {
        type = "rotating_member_assignment_strategy"

        member {
          type    = "user_member"
          user_id = pagerduty_user.ben.id
        }
      }
    }
  }

  rotation {
    event {
      name            = "Weekend"
      start_time      = "2026-01-10T00:00:00Z"
      end_time        = "2026-01-11T23:59:00Z"
      effective_since = "2026-01-10T00:00:00Z"
      recurrence      = ["RRULE:FREQ=WEEKLY;BYDAY=SA,SU"]

      assignment_strategy {
        type = "every_member_assignment_strategy"

        member {
          type    = "user_member"
          user_id = pagerduty_user.ann.id
        }

        member {
          type    = "user_member"
          user_id = pagerduty_user.ben.id
        }
      }
    }
  }
}

data "pagerduty_schedulev2" "found" {
  name       = pagerduty_schedulev2.shifts.name
  depends_on = [pagerduty_schedulev2.shifts]
}

resource "pagerduty_escalation_policy" "calls" {
  name = "Shifts first"

  rule {
    escalation_delay_in_minutes = 10

    target {
      type = "schedule_reference"
      id   = data.pagerduty_schedulev2.found.id
    }
  }
}
