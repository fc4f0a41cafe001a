// Decides by the Wasm of a bundle, as a browser would, whenever a line comes in.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import opa from "@open-policy-agent/opa-wasm";

const [wasm, data, requests] = process.argv.slice(2).map((name) => readFileSync(name));
const policy = await opa.loadPolicy(wasm);
policy.setData(JSON.parse(data));
const documents = JSON.parse(requests);

const evaluate = (input, rule) => policy.evaluate(input, `priorauth/${rule}`)[0].result;

function decide(size, batch) {
  const decisions = [];
  for (let at = 0; at < size; at += batch || 1) {
    if (batch) {
      decisions.push(...evaluate({ requests: documents.slice(at, at + batch) }, "decisions"));
    } else {
      decisions.push(evaluate(documents[at], "decision"));
    }
  }
  return decisions;
}

const manifest = new URL("node_modules/@open-policy-agent/opa-wasm/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest));
console.log(JSON.stringify({ Node: process.versions.node, "opa-wasm": version }));
for await (const line of createInterface({ input: process.stdin })) {
  const { size, batch } = JSON.parse(line);
  const start = performance.now();
  const decisions = decide(size, batch);
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ seconds, outcomes: decisions.map(({ outcome }) => outcome) }));
}
