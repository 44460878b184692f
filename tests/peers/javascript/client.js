// Drives PagerDuty's own JavaScript client against an installation, and prints what it saw as JSON.
// Run by tests/peers/test_javascript_client.py, which puts the addresses and keys into the environment.
const { api, event, trigger, acknowledge, resolve, change } = require("@pagerduty/pdjs");

const { TOCSIN_HOST, TOCSIN_REST, TOCSIN_KEY, TOCSIN_EMAIL } = process.env;
const pd = api({ token: TOCSIN_KEY, server: TOCSIN_REST, headers: { From: TOCSIN_EMAIL } });

function succeeded(answer) {
  if (answer.response.status >= 400) throw new Error(JSON.stringify([answer.response.status, answer.data]));
  return answer;
}

async function until(what, look) {
  const deadline = Date.now() + 20000;
  while (Date.now() < deadline) {
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`waited until ${what}`);
}

async function things() {
  const made = [];
  for (let number = 0; number < 7; number++) {
    const answer = succeeded(await pd.post("/teams", { data: { team: { type: "team", name: `Script ${number}` } } }));
    made.push(answer.resource);
  }
  const listed = succeeded(await pd.all("/teams", { data: { limit: 3, query: "Script" } }));
  const body = { data: { team: { type: "team", description: "changed" } } };
  const changed = succeeded(await pd.put(`/teams/${made[0].id}`, body)).resource;
  const removed = (await pd.delete(`/teams/${made[0].id}`)).response.status;
  const gone = await pd.get(`/teams/${made[0].id}`);
  return {
    made: made.map((one) => one.name),
    pages: listed.data.length,
    listed: listed.resource.map((one) => one.name),
    changed: changed.description,
    removed,
    gone: [gone.response.status, gone.data.error.code],
  };
}

async function service() {
  const olive = (await pd.get("/users", { queryParameters: { query: TOCSIN_EMAIL } })).resource[0];
  const rule = { escalation_delay_in_minutes: 10, targets: [{ id: olive.id, type: "user_reference" }] };
  const policy = (
    await pd.post("/escalation_policies", { data: { escalation_policy: { name: "Script", escalation_rules: [rule] } } })
  ).data.escalation_policy;
  const reference = { id: policy.id, type: "escalation_policy_reference" };
  const made = (await pd.post("/services", { data: { service: { name: "Script", escalation_policy: reference } } })).data
    .service;
  const integration = { integration: { name: "Monitor", type: "events_api_v2_inbound_integration" } };
  const { integration_key } = (await pd.post(`/services/${made.id}/integrations`, { data: integration })).data.integration;
  return { id: made.id, routing_key: integration_key };
}

async function alarms() {
  const { id, routing_key } = await service();
  const payload = { summary: "Disk full", source: "db-1", severity: "error" };
  const data = { routing_key, event_action: "trigger", dedup_key: "disk", payload };
  const seen = [];
  const becomes = async (status) => {
    const look = async () => (await pd.all("/incidents", { data: { "service_ids[]": [id], "statuses[]": [status] } })).resource;
    const found = await until(`the incident is ${status}`, async () => (await look())[0]);
    seen.push(found.status);
    return found;
  };
  const answers = [await event({ server: TOCSIN_HOST, data })];
  const incident = await becomes("triggered");
  const { dedup_key } = answers[0].data;
  answers.push(await acknowledge({ server: TOCSIN_HOST, data: { routing_key, dedup_key } }));
  await becomes("acknowledged");
  answers.push(await resolve({ server: TOCSIN_HOST, data: { routing_key, dedup_key } }));
  await becomes("resolved");
  answers.push(await trigger({ server: TOCSIN_HOST, data: { routing_key, payload } }));
  answers.push(await change({ server: TOCSIN_HOST, data: { routing_key, payload: { summary: "Deployed", source: "ci" } } }));
  const entries = (await pd.get(`/incidents/${incident.id}/log_entries`)).data.log_entries;
  return { seen, answers: answers.map((one) => one.response.status), entries: entries.map((one) => one.type) };
}

async function main() {
  console.log(JSON.stringify({ things: await things(), alarms: await alarms() }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
