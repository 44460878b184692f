"""The monitors that an integration can be made for. Clients look vendors up by name; their ids never change.

Some are known to clients by the id that PagerDuty gave them, and written into configurations: those have it here too.

Decides which kind of entrance a vendor's integration gets. What a vendor's events mean is decided by their own readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EVENTS_V2 = "events_api_v2_inbound_integration"
EVENTS_V1 = "generic_events_api_inbound_integration"
TRANSFORMED = "event_transformer_api_inbound_integration"

INTEGRATION_TYPES = (
    "aws_cloudwatch_inbound_integration",
    "cloudkick_inbound_integration",
    TRANSFORMED,
    EVENTS_V2,
    EVENTS_V1,
    "keynote_inbound_integration",
    "nagios_inbound_integration",
    "pingdom_inbound_integration",
    "sql_monitor_inbound_integration",
    "app_event_transform_inbound_integration",
)
"""The types that an integration can have here: all that receive events by HTTP."""

EMAIL_TYPE = "generic_email_inbound_integration"
"""The type that receives e-mail; there is no mail entrance yet."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """A monitor, and the type of integration that it takes."""

    id: str
    name: str
    website: str
    type: str = EVENTS_V2


VENDORS: tuple[Vendor, ...] = (
    Vendor("PVAIRBR", "Airbrake", "https://www.airbrake.io"),
    Vendor("PVALERT", "Alertmanager", "https://prometheus.io/docs/alerting/latest/alertmanager/"),
    Vendor("PZQ6AUS", "Amazon CloudWatch", "https://aws.amazon.com/cloudwatch/", "aws_cloudwatch_inbound_integration"),
    Vendor("PVAWSGD", "Amazon GuardDuty", "https://aws.amazon.com/guardduty/", TRANSFORMED),
    Vendor("PVAPPDY", "AppDynamics", "https://www.appdynamics.com"),
    Vendor("PVARGOC", "Argo CD", "https://argoproj.github.io/cd/"),
    Vendor("PVAZURE", "Microsoft Azure", "https://azure.microsoft.com", TRANSFORMED),
    Vendor("PVCHKMK", "Checkmk", "https://checkmk.com"),
    Vendor("PVCNSUL", "Consul", "https://www.consul.io"),
    Vendor("PAM4FGS", "Datadog", "https://www.datadoghq.com"),
    Vendor("PVDYNAT", "Dynatrace", "https://www.dynatrace.com"),
    Vendor("PVELAST", "Elastic Alerts", "https://www.elastic.co"),
    Vendor("PVEVTV1", "Events API V1", "https://www.pagerduty.com", EVENTS_V1),
    Vendor("PVEVTV2", "Events API V2", "https://www.pagerduty.com"),
    Vendor("PVGITHB", "GitHub", "https://github.com", TRANSFORMED),
    Vendor("PVGITLB", "GitLab", "https://about.gitlab.com"),
    Vendor("PVGCLOU", "Google Cloud Monitoring", "https://cloud.google.com/monitoring", TRANSFORMED),
    Vendor("PVGRAFA", "Grafana", "https://grafana.com"),
    Vendor("PVGRAYL", "Graylog", "https://graylog.org"),
    Vendor("PVHNYCB", "Honeycomb", "https://www.honeycomb.io"),
    Vendor("PVICING", "Icinga2", "https://icinga.com"),
    Vendor("PVINFLX", "InfluxDB", "https://www.influxdata.com"),
    Vendor("PVJENKI", "Jenkins CI", "https://www.jenkins.io"),
    Vendor("PVJIRAC", "Jira Cloud", "https://www.atlassian.com/software/jira", TRANSFORMED),
    Vendor("PVKUBER", "Kubernetes", "https://kubernetes.io"),
    Vendor("PVLOGIC", "LogicMonitor", "https://www.logicmonitor.com"),
    Vendor("PVMONIT", "Monit", "https://mmonit.com/monit/"),
    Vendor("PVNAGIO", "Nagios", "https://www.nagios.org", "nagios_inbound_integration"),
    Vendor("PVNEWRL", "New Relic", "https://newrelic.com"),
    Vendor("PVPINGD", "Pingdom", "https://www.pingdom.com", "pingdom_inbound_integration"),
    Vendor("PVPROM1", "Prometheus", "https://prometheus.io"),
    Vendor("PVPRTGN", "PRTG Network Monitor", "https://www.paessler.com/prtg"),
    Vendor("PVPULUM", "Pulumi", "https://www.pulumi.com"),
    Vendor("PVROLLB", "Rollbar", "https://rollbar.com"),
    Vendor("PVRUNSC", "Runscope", "https://www.runscope.com"),
    Vendor("PVSENSU", "Sensu", "https://sensu.io"),
    Vendor("PKAPG94", "Sentry", "https://sentry.io"),
    Vendor("PRYWPH4", "Slack to PagerDuty (Legacy)", "https://slack.com", TRANSFORMED),
    Vendor("PVSOLAR", "SolarWinds", "https://www.solarwinds.com"),
    Vendor("PVSPLUN", "Splunk", "https://www.splunk.com"),
    Vendor("PVSTATC", "StatusCake", "https://www.statuscake.com"),
    Vendor("PVSUMOL", "Sumo Logic", "https://www.sumologic.com"),
    Vendor("PVTHOUS", "ThousandEyes", "https://www.thousandeyes.com"),
    Vendor("PVUPTIM", "Uptime Robot", "https://uptimerobot.com"),
    Vendor("PVUPTKU", "Uptime Kuma", "https://uptime.kuma.pet"),
    Vendor("PVVICTM", "VictoriaMetrics", "https://victoriametrics.com"),
    Vendor("PVZABBI", "Zabbix", "https://www.zabbix.com"),
)
"""Fewer than one page holds, so that a client that reads only the first one finds every name."""

BY_ID: Mapping[str, Vendor] = {vendor.id: vendor for vendor in VENDORS}
