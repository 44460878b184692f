# Everything of PagerDuty's that Tocsin keeps for its clients, and what services and people are sorted by: one of each.

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

resource "pagerduty_user" "a" {
  name  = "Ann"
  email = "ann@example.com"
}

resource "pagerduty_user_contact_method" "sms" {
  user_id = pagerduty_user.a.id
  type    = "sms_contact_method"
  address = "2025550123"
  label   = "Mobile"
}

resource "pagerduty_user_handoff_notification_rule" "h" {
  user_id                   = pagerduty_user.a.id
  handoff_type              = "both"
  notify_advance_in_minutes = 180
  contact_method {
    type = "sms_contact_method"
    id   = pagerduty_user_contact_method.sms.id
  }
}

resource "pagerduty_team" "t" { name = "T" }

resource "pagerduty_escalation_policy" "ep" {
  name = "EP"
  rule {
    escalation_delay_in_minutes = 10
    target {
      type = "user_reference"
      id   = pagerduty_user.a.id
    }
  }
}

resource "pagerduty_service" "s" {
  name              = "S"
  escalation_policy = pagerduty_escalation_policy.ep.id
}

resource "pagerduty_service" "s2" {
  name              = "S2"
  escalation_policy = pagerduty_escalation_policy.ep.id
}

resource "pagerduty_service" "s3" {
  name              = "S3"
  escalation_policy = pagerduty_escalation_policy.ep.id
}

resource "pagerduty_business_service" "b" {
  name             = "B"
  point_of_contact = "me"
}

resource "pagerduty_business_service" "b2" {
  name = "B2"
  team = pagerduty_team.t.id
}

resource "pagerduty_business_service_subscriber" "sub" {
  subscriber_id       = pagerduty_team.t.id
  subscriber_type     = "team"
  business_service_id = pagerduty_business_service.b.id
}

resource "pagerduty_service_dependency" "d" {
  dependency {
    dependent_service {
      id   = pagerduty_business_service.b.id
      type = "business_service"
    }
    supporting_service {
      id   = pagerduty_service.s.id
      type = "service"
    }
  }
}

resource "pagerduty_service_dependency" "d2" {
  dependency {
    dependent_service {
      id   = pagerduty_service.s.id
      type = "service"
    }
    supporting_service {
      id   = pagerduty_service.s2.id
      type = "service"
    }
  }
}

resource "pagerduty_tag" "tag" { label = "L" }

resource "pagerduty_tag_assignment" "ta" {
  tag_id      = pagerduty_tag.tag.id
  entity_type = "teams"
  entity_id   = pagerduty_team.t.id
}

data "pagerduty_tag" "tag" {
  label = pagerduty_tag.tag.label
}

data "pagerduty_business_service" "b" {
  name = pagerduty_business_service.b.name
}

resource "pagerduty_alert_grouping_setting" "time" {
  name = "by time"
  type = "time"
  config { timeout = 600 }
  services = [pagerduty_service.s.id]
}

resource "pagerduty_alert_grouping_setting" "iag" {
  name        = "iag"
  description = "x"
  type        = "intelligent"
  config { time_window = 600 }
  services = [pagerduty_service.s2.id]
}

resource "pagerduty_alert_grouping_setting" "cb" {
  name = "cb"
  type = "content_based"
  config {
    time_window = 300
    aggregate   = "all"
    fields      = ["summary"]
  }
  services = [pagerduty_service.s3.id]
}

data "pagerduty_alert_grouping_setting" "cb" {
  name = pagerduty_alert_grouping_setting.cb.name
}

data "pagerduty_extension_schema" "webhook" { name = "Generic V2 Webhook" }

data "pagerduty_extension_schema" "sn" { name = "ServiceNow (v7)" }

resource "pagerduty_extension" "e" {
  name              = "ext"
  endpoint_url      = "https://example.com/hook"
  extension_schema  = data.pagerduty_extension_schema.webhook.id
  extension_objects = [pagerduty_service.s.id]
  config            = jsonencode({ restrict = "any", notify_types = { resolve = false } })
}

resource "pagerduty_extension" "plain" {
  name              = "plain"
  extension_schema  = data.pagerduty_extension_schema.webhook.id
  extension_objects = [pagerduty_service.s2.id]
}

resource "pagerduty_extension_servicenow" "sn" {
  name              = "sn"
  extension_schema  = data.pagerduty_extension_schema.sn.id
  extension_objects = [pagerduty_service.s2.id]
  snow_user         = "u"
  snow_password     = "p"
  sync_options      = "manual_sync"
  target            = "https://foo.servicenow.com/webhook_foo"
  task_type         = "incident"
  referer           = "None"
}

resource "pagerduty_addon" "ad" {
  name = "ad"
  src  = "https://example.com/x"
}

resource "pagerduty_incident_custom_field" "f" {
  name         = "env"
  display_name = "Env"
  data_type    = "string"
  field_type   = "single_value_fixed"
}

resource "pagerduty_incident_custom_field_option" "o" {
  field     = pagerduty_incident_custom_field.f.id
  data_type = "string"
  value     = "prod"
}

resource "pagerduty_incident_custom_field" "f2" {
  name          = "count"
  display_name  = "Count"
  data_type     = "integer"
  field_type    = "single_value"
  default_value = jsonencode(5)
}

resource "pagerduty_event_orchestration_service" "fields" {
  service                                = pagerduty_service.s.id
  enable_event_orchestration_for_service = true
  set {
    id = "start"
    rule {
      label = "fields"
      actions {
        incident_custom_field_update {
          id    = pagerduty_incident_custom_field.f2.id
          value = "7"
        }
      }
    }
  }
  catch_all {
    actions {
      incident_custom_field_update {
        id    = pagerduty_incident_custom_field.f.id
        value = "{{event.summary}}"
      }
    }
  }
}

data "pagerduty_incident_custom_field" "f" { name = pagerduty_incident_custom_field.f.name }

data "pagerduty_incident_type" "base" { display_name = "Base Incident" }

resource "pagerduty_incident_type" "it" {
  name         = "sec"
  display_name = "Sec"
  parent_type  = "incident_default"
  description  = "d"
}

resource "pagerduty_incident_type_custom_field" "itf" {
  name          = "zone"
  display_name  = "Zone"
  data_type     = "string"
  field_type    = "single_value_fixed"
  incident_type = pagerduty_incident_type.it.id
  field_options = ["a", "b"]
  default_value = jsonencode("a")
}

resource "pagerduty_service_custom_field" "scf" {
  name         = "region"
  display_name = "Region"
  data_type    = "string"
  field_type   = "single_value_fixed"
  description  = "d"
  field_option {
    value     = "east"
    data_type = "string"
  }
  field_option {
    value     = "west"
    data_type = "string"
  }
}

resource "pagerduty_service_custom_field_value" "scfv" {
  service_id = pagerduty_service.s.id
  custom_fields {
    name  = pagerduty_service_custom_field.scf.name
    value = jsonencode("east")
  }
}

resource "pagerduty_incident_workflow" "w" {
  name = "W"
  step {
    name   = "Send"
    action = "pagerduty.com:incident-workflows:send-status-update:1"
    input {
      name  = "Message"
      value = "hello"
    }
  }
}

resource "pagerduty_incident_workflow_trigger" "man" {
  type                       = "manual"
  workflow                   = pagerduty_incident_workflow.w.id
  services                   = [pagerduty_service.s.id]
  subscribed_to_all_services = false
}

resource "pagerduty_incident_workflow_trigger" "cond" {
  type                       = "conditional"
  workflow                   = pagerduty_incident_workflow.w.id
  subscribed_to_all_services = true
  condition                  = "incident.priority matches 'P1'"
}

resource "pagerduty_automation_actions_runner" "r" {
  name             = "r"
  runner_type      = "runbook"
  description      = "d"
  runbook_base_uri = "cat"
  runbook_api_key  = "k"
}

resource "pagerduty_automation_actions_action" "act" {
  name        = "a"
  description = "d"
  action_type = "process_automation"
  runner_id   = pagerduty_automation_actions_runner.r.id
  action_data_reference { process_automation_job_id = "P1" }
}

resource "pagerduty_automation_actions_action" "script" {
  name                  = "s"
  description           = "d"
  action_type           = "script"
  action_classification = "diagnostic"
  action_data_reference {
    script             = "true"
    invocation_command = "/bin/sh"
  }
}

resource "pagerduty_automation_actions_action_service_association" "as" {
  action_id  = pagerduty_automation_actions_action.act.id
  service_id = pagerduty_service.s.id
}

resource "pagerduty_automation_actions_action_team_association" "at" {
  action_id = pagerduty_automation_actions_action.act.id
  team_id   = pagerduty_team.t.id
}

resource "pagerduty_automation_actions_runner_team_association" "rt" {
  runner_id = pagerduty_automation_actions_runner.r.id
  team_id   = pagerduty_team.t.id
}

resource "pagerduty_response_play" "rp" {
  name = "rp"
  from = pagerduty_user.a.email
  responder {
    type = "user_reference"
    id   = pagerduty_user.a.id
  }
  subscriber {
    type = "user_reference"
    id   = pagerduty_user.a.id
  }
  runnability = "services"
}

resource "pagerduty_enablement" "en" {
  entity_type = "service"
  entity_id   = pagerduty_service.s.id
  feature     = "aiops"
  enabled     = true
}

data "pagerduty_standards" "st" {}

data "pagerduty_standards_resource_scores" "sc" {
  resource_type = "technical_services"
  id            = pagerduty_service.s.id
}

resource "pagerduty_event_orchestration" "eo" { name = "EO" }

resource "pagerduty_enablement" "eo" {
  entity_type = "event_orchestration"
  entity_id   = pagerduty_event_orchestration.eo.id
  feature     = "aiops"
  enabled     = false
}

data "pagerduty_automation_actions_runner" "r" { id = pagerduty_automation_actions_runner.r.id }

data "pagerduty_automation_actions_action" "a" { id = pagerduty_automation_actions_action.act.id }

data "pagerduty_incident_workflow" "w" { name = pagerduty_incident_workflow.w.name }

data "pagerduty_service_custom_field" "f" { display_name = pagerduty_service_custom_field.scf.display_name }

data "pagerduty_service_custom_field_value" "v" {
  service_id = pagerduty_service.s.id
  depends_on = [pagerduty_service_custom_field_value.scfv]
}

data "pagerduty_incident_type_custom_field" "f" {
  incident_type = pagerduty_incident_type.it.id
  display_name  = pagerduty_incident_type_custom_field.itf.display_name
}

data "pagerduty_standards_resources_scores" "x" {
  resource_type = "technical_services"
  ids           = [pagerduty_service.s.id, pagerduty_service.s2.id]
}
