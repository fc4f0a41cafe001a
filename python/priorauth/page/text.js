"use strict";

/* The decision, and the guideline's text with what the decision says of each clause. */
const Text = (() => {
  const { h } = Dom;

  const mark = ([sign, word], name) =>
    h("span", { class: `mark ${name}` }, h("span", { "aria-hidden": "true" }, `${sign} `), word);

  const outcome = (name) => {
    const [sign, word] = Words.OUTCOMES[name] ?? ["", Words.plain(name)];
    return mark([sign, word.toLowerCase()], name);
  };

  const status = (name) => mark(Words.STATUSES[name] ?? ["", Words.plain(name)], name);

  /** A link to the field of a place in the request, where there is one. */
  function toField(place, text) {
    if (!Form.has(place)) {
      return h("span", {}, text);
    }
    const go = (event) => {
      event.preventDefault();
      Form.focus(place);
    };
    return h("a", { href: `#f${encodeURI(place)}`, onclick: go }, text);
  }

  const toClause = (criterion, text) =>
    criterion && document.getElementById(`c/${criterion}`)
      ? h("a", { href: `#c/${encodeURIComponent(criterion)}` }, text)
      : text;

  const titled = (title, ...content) => [h("h3", {}, title), content];

  function pairs(rows) {
    return h("dl", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  /** Everything that a decision says except its criteria. */
  function decided(decision, request) {
    const [sign, word] = Words.OUTCOMES[decision.outcome] ?? ["", Words.plain(decision.outcome)];
    const { guideline, authorization: terms } = decision;
    return [
      h(
        "p",
        { class: `outcome ${decision.outcome}` },
        h("span", { "aria-hidden": "true" }, `${sign} `),
        h("strong", {}, word),
        decision.request_id === null ? "" : ` ${decision.request_id}`,
      ),
      h("p", {}, guideline ? `${guideline.title}, guideline version ${guideline.version}` : "No guideline"),
      h("p", { class: "on-paper" }, asked(request)),
      decision.requires_clinician_review
        ? h("p", { class: "clinician" }, "A clinician decides: this must be reviewed before it is final.")
        : "",
      terms === null ? "" : titled("Authorization", pairs(authorized(terms))),
      decision.missing.length === 0 ? "" : titled("What is missing", missing(decision)),
      decision.errors.length === 0 ? "" : titled("What is wrong with the request", faults(decision)),
      decision.reasons.length === 0 ? "" : titled("Why", reasons(decision)),
      decision.notices.length === 0
        ? ""
        : titled("Notices", h("ul", {}, decision.notices.map((each) => h("li", {}, each.message)))),
    ];
  }

  /** What the request asks for, in a line, as it is printed. */
  function asked(request) {
    const told = (name) => Request.get(request, name.split("."));
    const facts = ["type", "drug.name", "service_date"].map(told);
    return facts.filter((each) => typeof each === "string").map(Words.plain).join(", ");
  }

  function authorized(terms) {
    const { days_supply: days, ...quantities } = terms.quantity;
    const much = Object.entries(quantities).map(([name, each]) => `${each} ${Words.plain(name)}`);
    return [
      ["from", terms.start_date],
      ["to", terms.end_date ?? "no end: the guideline sets none"],
      ["per fill", `${much.join(", ") || "no limit"}${days === undefined ? "" : ` for ${days} days`}`],
      ["package", terms.package ?? "none of the guideline's packs matches"],
    ];
  }

  const missing = (decision) =>
    h(
      "ul",
      {},
      decision.missing.map((each) =>
        h("li", {}, toField(each.path, each.question), " ", toClause(each.criterion, `(${each.clause})`)),
      ),
    );

  const faults = (decision) =>
    h("ul", {}, decision.errors.map((each) => h("li", {}, toField(each.path, each.path || "All of it"), `: ${each.message}`)));

  const reasons = (decision) =>
    h(
      "ul",
      {},
      decision.reasons.map((each) =>
        h("li", {}, each.clause ? [toClause(each.criterion, each.clause), ": "] : "", each.message),
      ),
    );

  /** What a decision says of each criterion, parts among them, by their ids. */
  function judged(criteria, found = new Map()) {
    for (const each of criteria) {
      found.set(each.id, each);
      judged(each.parts ?? [], found);
    }
    return found;
  }

  /** The section that a clause is in: the one with the longest number that the clause begins with. */
  function sectionOf(version, clause) {
    return version.sections
      .filter(({ number }) => `${clause}.`.startsWith(`${number}.`))
      .sort((a, b) => b.number.length - a.number.length)[0];
  }

  const bare = (text) => text.toLowerCase().replace(/[•\s;:,.]+/g, " ").trim();

  /** The text of a version, section by section. */
  function guideline(version, decision, type) {
    const found = judged(decision?.criteria ?? []);
    const open = new Map();
    for (const { criterion, path } of decision?.missing ?? []) {
      open.set(criterion, [...(open.get(criterion) ?? []), path]);
    }
    const context = { version, found, open, decision, type };
    return version.sections.map((section) => sectionNode(section, context));
  }

  function sectionNode(section, context) {
    const { version } = context;
    const own = version.criteria.filter(
      (each) => each.parent === null && sectionOf(version, each.clause) === section,
    );
    const lines = section.text.split("\n");
    // A criterion stands below the line that it quotes, or else below all of them.
    const places = own.map((each) => lines.findIndex((line) => bare(line).includes(bare(each.text))));
    const at = (index) =>
      own
        .filter((_, each) => places[each] === index)
        .map((each) => criterionNode(each, context, index >= 0));
    const tree = (items) => (items.length > 0 ? h("ul", { class: "tree" }, items) : "");
    const name = section.number === section.title ? section.title : `${section.number}. ${section.title}`;
    return h(
      "section",
      { class: "part" },
      h("h3", {}, name),
      lines.map((line, index) => [h("p", {}, line), tree(at(index))]),
      tree(at(-1)),
      section.readings.map((each) => h("p", { class: "reading" }, each)),
    );
  }

  function criterionNode(criterion, context, quoted) {
    const { version, found, decision, type } = context;
    const parts = version.criteria.filter((each) => each.parent === criterion.id);
    const other = criterion.type !== null && type !== undefined && criterion.type !== type;
    const name = standing(criterion, context) ?? (other ? "not_asked" : null);
    const idle = name === "not_considered" || name === "not_asked";
    const isFigure = ([key]) => Object.hasOwn(criterion.figures, key);
    const facts = Object.entries(found.get(criterion.id)?.facts ?? {});
    facts.sort((one, other) => isFigure(one) - isFigure(other));
    const nothing = name === "unknown" ? "unknown" : "not given";
    return h(
      "li",
      { class: idle ? "idle" : "", id: `c/${criterion.id}` },
      name && decision ? [status(name), " "] : "",
      name === "not_asked" ? `(only of ${criterion.type} requests) ` : "",
      h("span", { class: "clause" }, criterion.clause),
      quoted ? "" : [" ", criterion.text],
      facts.length === 0
        ? ""
        : h("p", { class: "quiet" }, facts.map(([key, value]) => `${Words.plain(key)}: ${Words.value(value, nothing)}`).join("; ")),
      criterion.readings.map((each) => h("p", { class: "reading" }, each)),
      name === "unknown" && parts.length === 0 ? settling(criterion, context) : "",
      parts.length === 0
        ? ""
        : [
            h("p", { class: "quiet" }, `${Words.GROUPS[criterion.kind] ?? criterion.kind}:`),
            h("ul", { class: "tree" }, parts.map((each) => criterionNode(each, context, false))),
          ],
    );
  }

  /** How a criterion stands: a part of what is not considered is not considered either. */
  function standing(criterion, { version, found }) {
    for (let each = criterion; each; each = version.criteria.find(({ id }) => id === each.parent)) {
      const { status: said } = found.get(each.id) ?? {};
      if (said && (each === criterion || said === "not_considered")) {
        return said;
      }
    }
    return null;
  }

  /** Where an unknown criterion can be settled: what is asked for it, or else what it rests on. */
  function settling(criterion, { open }) {
    const asks = new Map(criterion.asks.map((each) => [each.path, each.question]));
    const places = open.get(criterion.id) ?? [...asks.keys()];
    const links = places.map((place) => h("li", {}, toField(place, asks.get(place) ?? place)));
    return links.length === 0 ? "" : h("ul", { class: "settling" }, links);
  }

  /** Every criterion in a row, with its facts but without the guideline's figures, to be printed. */
  function table(decision, version) {
    const figures = new Map(version?.criteria.map((each) => [each.id, each.figures]));
    const rows = [];
    const walk = (criteria, depth) => {
      for (const each of criteria) {
        const facts = Object.entries(each.facts ?? {})
          .filter(([name]) => !Object.hasOwn(figures.get(each.id) ?? {}, name))
          .map(([name, value]) => `${Words.plain(name)}: ${Words.value(value, "not given")}`);
        rows.push(
          h(
            "tr",
            {},
            h("td", {}, status(each.status)),
            h("td", {}, `${"– ".repeat(depth)}${each.clause}`),
            h("td", {}, each.text, facts.length === 0 ? "" : ` (${facts.join("; ")})`),
          ),
        );
        walk(each.parts ?? [], depth + 1);
      }
    };
    walk(decision.criteria, 0);
    const heads = ["status", "clause", "criterion"].map((each) => h("th", { scope: "col" }, each));
    return rows.length === 0
      ? ""
      : h("table", { class: "on-paper" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
  }

  return { decided, guideline, table, sectionOf, judged, outcome, status, toField };
})();
