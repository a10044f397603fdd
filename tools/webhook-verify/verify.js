// Reads a JSON array of {"secret", "headers", "body"} from standard input and
// writes one of "ok", or the reason why the official library refuses it.
"use strict";

const { Webhook } = require("standardwebhooks");

let input = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (chunk) => { input += chunk; });
process.stdin.on("end", () => {
  const verdicts = JSON.parse(input).map(({ secret, headers, body }) => {
    try {
      const parsed = new Webhook(secret).verify(body, headers);
      return parsed && typeof parsed === "object" ? "ok" : "no object";
    } catch (err) {
      return `${err.name}: ${err.message}`;
    }
  });
  process.stdout.write(JSON.stringify(verdicts));
});
