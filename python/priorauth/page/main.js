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
    fail(error);
    return;
  }
  const catalog = Engine.ask("catalog");
  const vocabulary = Engine.ask("facts");

  let request = {};
  let begun = false;
  let chosen = catalog[0];
  let speaking, searching;

  function fail(error) {
    node("fault").hidden = false;
    node("fault").textContent = `Nothing is decided: ${error.message ?? error}.`;
  }

  /** Take this for the request, decide it, and show what follows. */
  function take(value, { from } = {}) {
    request = value;
    begun = true;
    if (from !== node("source")) {
      node("source").value = written();
    }
    explain(null);
    show();
  }

  const written = () => JSON.stringify(request, null, 2);

  function show() {
    let decision = null;
    node("fault").hidden = true;
    try {
      decision = begun ? Engine.decide(request) : null;
    } catch (error) {
      fail(error);
    }
    const version = governing(decision);
    showForm(version, decision);
    showText(version, decision);
    showDecision(version, decision);
    showChanges(version, decision);
  }

  /** The version whose text is shown: the one that governs, or else the latest of the one chosen. */
  function governing(decision) {
    const named = decision?.guideline;
    chosen = catalog.find(({ id }) => id === (named?.id ?? namedByDrug())) ?? chosen;
    return (
      chosen?.versions.find(({ version }) => version === named?.version) ?? chosen?.versions.at(-1)
    );
  }

  function namedByDrug() {
    const name = Request.get(request, ["drug", "name"]);
    const plain = typeof name === "string" ? name.trim().toLowerCase() : null;
    return catalog.find((each) => each.drug_names.includes(plain))?.id;
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
    take(Request.put(request, ["drug", "name"], name));
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
      change: (value) => take(value ?? {}),
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

  // -- The guideline, the determination, what would change it ------------------------------------

  function showText(version, decision) {
    const type = Request.get(request, ["type"]);
    const name = version
      ? h("p", {}, `${chosen.title}, effective ${version.effective_date}; governs service dates from ${version.in_force.from}${version.in_force.to ? ` to ${version.in_force.to}` : " on"}.`)
      : h("p", {}, "There is no guideline on file.");
    node("text").replaceChildren(name, ...(version ? Text.guideline(version, decision, type) : []));
  }

  function showDecision(version, decision) {
    const content = decision
      ? Text.determination(decision, request)
      : [h("p", {}, "State the facts of a request, or open one: it is decided as you type.")];
    node("decision").replaceChildren(
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
    clearTimeout(searching);
    const list = h("ul", {});
    const note = h("p", { class: "quiet" }, "");
    node("changes").setAttribute("aria-busy", "true");
    node("changes").replaceChildren(note, list);
    const finish = (said) => {
      note.textContent = said;
      node("changes").removeAttribute("aria-busy");
    };
    if (!version || !decision?.criteria.length) {
      finish("Nothing is judged yet.");
      return;
    }
    const asked = request;
    const criteria = Change.bearing(decision, version);
    const facts = factsOf(version);
    let names;
    // A criterion at a time, so that what is entered meanwhile is not kept waiting.
    const next = (index) => {
      if (asked !== request) {
        return;
      }
      try {
        names ??= Change.factsOf(criteria, request, decision, facts);
        if (index === criteria.length) {
          const some = list.childElementCount > 0;
          finish(some ? "For each criterion that bears on the outcome, one fact changed:" : "No change of one fact changes what is decided.");
          return;
        }
        const criterion = criteria[index];
        const ways = Change.ofCriterion(criterion, names.get(criterion.id), request, decision, facts);
        if (ways.length > 0) {
          list.append(changesOf(criterion, ways, decision));
        }
      } catch (error) {
        fail(error);
        finish("");
        return;
      }
      searching = setTimeout(next, 0, index + 1);
    };
    searching = setTimeout(next, SEARCHED_AFTER, 0);
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
    return h("li", {}, Text.status(status), quoted, h("ul", {}, lines));
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
  function read(text, from) {
    let value;
    try {
      value = Json.read(text);
    } catch (error) {
      if (from !== node("source")) {
        node("source").value = text;
        request = {};
      }
      begun = false;
      show();
      node("document").open = true;
      explain(error);
      return;
    }
    take(value, { from });
  }

  async function readFile(file) {
    read(await file.text());
  }

  node("source").addEventListener("input", () => read(node("source").value, node("source")));
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
    const url = URL.createObjectURL(new Blob([`${written()}\n`], { type: "application/json" }));
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
