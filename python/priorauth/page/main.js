"use strict";

/* What happens when: a request is entered, opened or pasted, decided at once, and shown. */
(async () => {
  const { h } = Dom;
  const node = (id) => document.getElementById(id);
  const SPOKEN_AFTER = 400;
  const SEARCHED_AFTER = 150;

  try {
    await Engine.load();
  } catch (error) {
    tell(error);
    return;
  }
  const catalog = Engine.ask("catalog");
  const vocabulary = Engine.ask("facts");

  let request = {};
  let begun = false;
  let chosen = catalog[0];
  // Whether no guideline is for the request's drug.
  let foreign = false;
  let speaking;
  let searching = new AbortController();

  function tell(error) {
    node("fault").hidden = false;
    node("fault").textContent = `Nothing is decided: ${error.message ?? error}.`;
  }

  /** Tell what is wrong, and leave nothing of a decision on the page. */
  function fail(error) {
    tell(error);
    const version = governing(null);
    showDecision(version, null);
    showChanges(version, null);
    node("text").replaceChildren();
    try {
      showText(version, null);
      showForm(version, null);
    } catch {
      Form.clear(node("form"));
    }
  }

  /** Take this for the request, written like this; decide it, and show what follows. */
  function take(value, text) {
    request = value;
    begun = true;
    node("source").value = text;
    explain(null);
    show();
  }

  const enter = (value) => take(value, Json.written(value));

  function show() {
    node("fault").hidden = true;
    try {
      const decision = begun ? Engine.decide(request) : null;
      const version = governing(decision);
      // The fields first: what follows links to those that there are.
      showForm(version, decision);
      showText(version, decision);
      showDecision(version, decision);
      showChanges(version, decision);
    } catch (error) {
      fail(error);
    }
  }

  /**
   * The version whose text is shown: the one that governs, or else the latest of the guideline that
   * the drug has, or of the one chosen.
   */
  function governing(decision) {
    const named = decision && (decision.guideline ?? ofDrug());
    chosen = catalog.find(({ id }) => id === named?.id) ?? chosen;
    foreign = named === null && decision !== null && typeof drug() === "string";
    const version = decision?.guideline?.version;
    return chosen?.versions.find((each) => each.version === version) ?? chosen?.versions.at(-1);
  }

  const drug = () => Request.get(request, ["drug", "name"]);

  /** The guideline of the drug, whatever else is asked: found by a request for nothing but it. */
  function ofDrug() {
    const name = drug();
    const days = catalog.flatMap(({ versions }) => versions.map(({ in_force }) => in_force.from));
    for (const service_date of typeof name === "string" ? new Set(days) : []) {
      const { guideline } = Engine.decide({ type: "initial", service_date, drug: { name } });
      if (guideline) {
        return guideline;
      }
    }
    return null;
  }

  // -- The form ---------------------------------------------------------------------------------

  const choice = h("select", { id: "guideline-choice", oninput: choose });
  choice.append(...catalog.map(({ title }, index) => h("option", { value: index }, title)));
  node("form").before(
    h("div", { class: "field" }, h("label", { for: choice.id }, "Guideline"), choice),
  );

  function choose() {
    chosen = catalog[choice.value];
    const brand = chosen.title.split(" (")[0];
    const name = chosen.drug_names.includes(brand.toLowerCase()) ? brand : chosen.drug_names[0];
    enter(Request.put(request, ["drug", "name"], name));
  }

  function showForm(version, decision) {
    choice.value = String(catalog.indexOf(chosen));
    const groups = fieldsOf(version, decision);
    const shown = new Set(groups.flatMap(({ facts }) => facts.map(([path]) => path.join("."))));
    Form.show(node("form"), {
      groups,
      others: strangers(request, [], shown),
      value: request,
      errors: decision?.errors ?? [],
      change: (value) => enter(value ?? {}),
    });
  }

  /** The facts that are shared by all guidelines, and those of this version. */
  function factsOf(version) {
    const own = Engine.data().guidelines[chosen?.id]?.[version?.version]?.facts;
    return { ...Engine.data().facts, ...own };
  }

  /**
   * The fields, in groups: what every request states, what the guideline asks in the order of its
   * text, and what else can be stated.
   */
  function fieldsOf(version, decision) {
    const usual = factsOf(version);
    const left = new Map(Object.entries({ ...vocabulary, ...usual }));
    const type = Request.get(request, ["type"]);
    const taken = (names) =>
      [...new Set(names)].filter((name) => left.has(name)).map((name) => {
        const fact = left.get(name);
        left.delete(name);
        return [name.split("."), fact];
      });
    const groups = [
      { key: "always", title: "The request", facts: taken([...left.keys()].filter((name) => !left.get(name).question)) },
    ];
    const criteria = version?.criteria ?? [];
    const typed = criteria.some((each) => each.type === type && type !== undefined);
    const asked = criteria.filter((each) => each.type === null || each.type === type || !typed);
    for (const section of version?.sections ?? []) {
      const names = asked
        .filter((each) => Text.sectionOf(version, each.clause) === section)
        .flatMap((each) => each.asks.map(({ path }) => path.slice(1).replaceAll("/", ".")));
      const title = [...new Set([section.number, section.title])].join(". ");
      groups.push({ key: `section ${section.number}`, title, facts: taken(names) });
    }
    // Of the facts that other guidelines declare, only those stated.
    const rest = [...left.keys()].filter(
      (name) => name in usual || Request.get(request, name.split(".")) !== undefined,
    );
    groups.push({ key: "more", title: "More that can be stated", folded: true, facts: taken(rest) });
    return groups;
  }

  /** The places in a request that have no field, outermost first. */
  function strangers(value, path, shown) {
    if (shown.has(path.join("."))) {
      return [];
    }
    const section = [...shown].some((name) => path.length === 0 || name.startsWith(`${path.join(".")}.`));
    if (section && Request.isObject(value)) {
      return Object.entries(value).flatMap(([name, each]) => strangers(each, [...path, name], shown));
    }
    return value === null && section ? [] : [path];
  }

  // -- The guideline, the decision, what would change it -----------------------------------------

  function showText(version, decision) {
    const type = Request.get(request, ["type"]);
    const name = version
      ? h("p", {}, `${chosen.title}, effective ${version.effective_date}; governs service dates from ${version.in_force.from}${version.in_force.to ? ` to ${version.in_force.to}` : " on"}.`)
      : h("p", {}, "There is no guideline on file.");
    const note = h("p", { class: "error" }, "No guideline on file is for this request's drug. The text below is for another drug.");
    node("text").replaceChildren(name, foreign ? note : "", ...(version ? Text.guideline(version, decision, type) : []));
  }

  function showDecision(version, decision) {
    const content = decision
      ? Text.decided(decision, request)
      : [h("p", {}, "State the facts of a request, or open one: it is decided as you type.")];
    node("decided").replaceChildren(
      h("div", {}, content),
      ...(decision ? [h("div", {}, Text.table(decision, version))] : []),
    );
    node("decision-json").textContent = decision ? Json.sorted(decision) : "";
    const said = decision ? spoken(decision) : "";
    const [sign] = Words.OUTCOMES[decision?.outcome] ?? [""];
    node("bar").hidden = !decision;
    node("bar").textContent = `${sign} ${said}`;
    clearTimeout(speaking);
    // After a pause, so that a screen reader is not interrupted at every letter.
    speaking = setTimeout(() => {
      if (node("announced").textContent !== said) {
        node("announced").textContent = said;
      }
    }, SPOKEN_AFTER);
  }

  function spoken({ outcome, missing, errors, requires_clinician_review: reviewed }) {
    const [, word] = Words.OUTCOMES[outcome] ?? ["", Words.plain(outcome)];
    const counted = (many, what) => (many === 0 ? "" : `, ${many} ${what}${many === 1 ? "" : "s"}`);
    const asks = counted(missing.length, "open question") + counted(errors.length, "error");
    return `${word}${asks}.${reviewed ? " A clinician decides." : ""}`;
  }

  function showChanges(version, decision) {
    searching.abort();
    searching = new AbortController();
    const { signal } = searching;
    const list = h("ul", {});
    const note = h("p", { class: "quiet" }, "");
    node("changes").replaceChildren(note, list);
    const finish = (said) => {
      note.textContent = said;
      node("changes").removeAttribute("aria-busy");
    };
    if (!version || !decision?.criteria.length) {
      finish("Nothing is judged yet.");
      return;
    }
    node("changes").setAttribute("aria-busy", "true");
    search(version, decision, list, signal).then(finish, (error) => {
      if (!signal.aborted) {
        finish(`The search broke off: ${error.message ?? error}.`);
      }
    });
  }

  /** Fill the list with what would change the outcome, and give what is to be said of it. */
  async function search(version, decision, list, signal) {
    const asked = request;
    const facts = factsOf(version);
    const criteria = Change.bearing(decision, version);
    await new Promise((resume) => setTimeout(resume, SEARCHED_AFTER));
    const names = await Change.factsOf(criteria, asked, decision, facts, signal);
    for (const criterion of criteria) {
      const ways = await Change.ofCriterion(criterion, names.get(criterion.id), asked, decision, facts, signal);
      list.append(changesOf(criterion, ways, decision));
    }
    const cut = Change.isCut(asked, facts) ? ` Of a list the first ${Change.MOST_LISTED} items are tried.` : "";
    return `For each criterion that bears on the outcome, one fact changed.${cut}`;
  }

  function changesOf(criterion, ways, decision) {
    const status = Text.judged(decision.criteria).get(criterion.id).status;
    const lines = ways.map((each) => {
      const others = each.others > 0 ? `, or ${each.others} other${each.others > 1 ? "s" : ""}` : "";
      const turn =
        each.outcome === decision.outcome
          ? [Text.status(each.status), `, but still ${Words.plain(each.outcome)}`]
          : Text.outcome(each.outcome);
      return h(
        "li",
        {},
        Text.toField(Request.pointer(each.path), each.title),
        `: ${each.told}${others} → `,
        turn,
      );
    });
    const quoted = [" ", h("span", { class: "clause" }, criterion.clause), ` ${criterion.text}`];
    const found = lines.length > 0 ? lines : h("li", {}, "No change of one fact was found.");
    return h("li", {}, Text.status(status), quoted, h("ul", {}, found));
  }

  // -- Documents ----------------------------------------------------------------------------------

  /** Say what is wrong with the document; null when nothing is. */
  function explain(error) {
    node("source-error").hidden = error === null;
    node("source-error").textContent = error === null ? "" : `This is not a JSON document: ${error.message ?? error}.`;
    if (error === null) {
      node("source").removeAttribute("aria-invalid");
    } else {
      node("source").setAttribute("aria-invalid", "true");
    }
  }

  /** Take a text for the request. Text that is not JSON is not decided. */
  function read(text) {
    let value;
    try {
      value = Json.read(text);
    } catch (error) {
      refuse(text, error);
      return;
    }
    take(value, text);
  }

  function refuse(text, error) {
    if (node("source").value !== text) {
      node("source").value = text;
      request = {};
    }
    begun = false;
    show();
    node("document").open = true;
    explain(error);
  }

  /** Take a file. What is not UTF-8 is refused, not read as something else. */
  async function readFile(file) {
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {
      text = null;
    }
    // UTF-16 without its mark can be taken for UTF-8, but is full of these.
    if (text === null || text.includes("\0")) {
      refuse("", new Error("the file cannot be read as UTF-8; save it as UTF-8, and open it again"));
    } else {
      read(text);
    }
  }

  node("source").addEventListener("input", () => read(node("source").value));
  node("open").addEventListener("click", () => node("file").click());
  node("file").addEventListener("change", async () => {
    const [file] = node("file").files;
    if (file) {
      await readFile(file);
    }
    node("file").value = "";
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) {
      await readFile(file);
    } else {
      read(event.dataTransfer.getData("text/plain"));
    }
  });
  node("save").addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([`${node("source").value}\n`], { type: "application/json" }));
    h("a", { href: url, download: "request.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
  node("print").addEventListener("click", () => window.print());
  node("clear").addEventListener("click", () => {
    begun = false;
    request = {};
    node("source").value = "";
    explain(null);
    show();
  });

  show();
  document.body.dataset.ready = "";
})();
