// Call every operation through SendGrid's own Node client, installed in .node. Started by official_clients.py.
//
// The argument holds the settings as JSON. The program prints one line of JSON for each answer.

import { createRequire } from "node:module";

const given = JSON.parse(process.argv[2]);
const require = createRequire(`${given.packages}/package.json`); // an import would look beside this file
const client = require("@sendgrid/client");

client.setApiKey(given.key);
client.setDefaultRequest("baseUrl", given.url); // after setApiKey, which sets the real URL

async function step(name, request) {
  let answer;
  try {
    const [response] = await client.request(request);
    answer = { status_code: response.statusCode, body: response.body };
  } catch (error) {
    if (!error.response) throw error;
    answer = { status_code: error.code, body: error.response.body };
  }
  console.log(JSON.stringify({ step: name, ...answer, body: answer.body || null }));
  return answer.body;
}

const { version } = require("@sendgrid/client/package.json");
console.log(JSON.stringify({ client: "@sendgrid/client for Node", version }));

const { id } = await step("create", { url: "/v3/campaigns", method: "POST", body: given.new });
await step("update", { url: `/v3/campaigns/${id}`, method: "PATCH", body: given.change });
await step("schedule", { url: `/v3/campaigns/${id}/schedules`, method: "POST", body: { send_at: given.send_at } });
await step("reschedule", { url: `/v3/campaigns/${id}/schedules`, method: "PATCH", body: { send_at: given.later } });
await step("unschedule", { url: `/v3/campaigns/${id}/schedules`, method: "DELETE" });

// As on the reference page of the operation.
const campaign_id = 4900;
const request = {
  url: `/v3/campaigns/${campaign_id}/schedules/now`,
  method: "POST",
};
await step("send now", request);
await step("send again", request);

await step("delete", { url: `/v3/campaigns/${id}`, method: "DELETE" });
await step("get", { url: `/v3/campaigns/${id}`, method: "GET" });
