// Make calls through SendGrid's own Node client, installed in .node. Started by official_clients.py.
//
// The argument holds the settings and the calls as JSON. The program prints one line of JSON for each answer.

import { createRequire } from "node:module";

const given = JSON.parse(process.argv[2]);
const require = createRequire(`${given.packages}/package.json`); // an import would look beside this file
const client = require("@sendgrid/client");

client.setApiKey(given.key);
client.setDefaultRequest("baseUrl", given.url); // after setApiKey, which sets the real URL

const { version } = require("@sendgrid/client/package.json");
console.log(JSON.stringify({ client: "@sendgrid/client for Node", version }));
for (const { name, method, path, body, query } of given.calls) {
  let answer;
  try {
    const [response] = await client.request({ url: `/v3/${path.join("/")}`, method, body, qs: query });
    answer = { status_code: response.statusCode, body: response.body };
  } catch (error) {
    if (!error.response) throw error;
    answer = { status_code: error.code, body: error.response.body };
  }
  console.log(JSON.stringify({ name, ...answer, body: answer.body || null }));
}
