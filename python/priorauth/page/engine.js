"use strict";

/* The policy, as the Wasm and the data of a bundle: what it says is never restated here. */
const Engine = (() => {
  // Of requests that are judged at once: so many, and so many characters.
  const MOST = 200;
  const LONGEST = 50_000;
  const PAUSED_AFTER = 30;
  let module, data, policy;
  let paused = 0;

  /** Make it ready to be asked. */
  async function load() {
    const base64 = document.getElementById("wasm").textContent;
    const wasm = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
    data = JSON.parse(document.getElementById("data").textContent);
    module = await WebAssembly.compile(wasm);
    await begin();
  }

  async function begin() {
    policy = undefined;
    const made = await opa.loadPolicy(module);
    made.setData(data);
    policy = made;
  }

  /** What a rule says. Throws when it says nothing: that is never a decision. */
  function ask(rule, input) {
    if (!policy) {
      throw new Error("the engine is not ready");
    }
    // As bytes: the library treats an input like null or 0 as no input.
    const bytes = new TextEncoder().encode(JSON.stringify(input ?? null));
    let answers;
    try {
      answers = policy.evaluate(bytes.buffer, `priorauth/${rule}`);
    } catch (error) {
      // An instance that failed cannot be used again.
      begin();
      throw new Error(`the engine broke off: ${error.message ?? error}`);
    }
    if (answers.length !== 1) {
      throw new Error(`the policy has no answer for ${rule}`);
    }
    return answers[0].result;
  }

  const decide = (request) => ask("decision", request);

  /**
   * The decisions on requests that are about as long as each other, in their order. Whatever else
   * happens on the page is let in between. Throws once the signal says that nobody waits for them.
   */
  async function decideAll(requests, signal) {
    const decisions = [];
    const length = requests.length > 0 ? JSON.stringify(requests[0]).length : 0;
    const many = Math.max(1, Math.min(MOST, Math.floor(LONGEST / length)));
    for (let first = 0; first < requests.length; first += many) {
      if (performance.now() - paused > PAUSED_AFTER) {
        await new Promise((resume) => setTimeout(resume));
        paused = performance.now();
      }
      signal?.throwIfAborted();
      decisions.push(...ask("decisions", { requests: requests.slice(first, first + many) }));
    }
    return decisions;
  }

  return { load, ask, decide, decideAll, data: () => data };
})();
