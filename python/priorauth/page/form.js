"use strict";

/*
 * The form: a field for each fact, made of how the vocabulary declares it. A field shows what the
 * request holds at its place, whatever that is, and puts there what is entered.
 */
const Form = (() => {
  const { h, sync } = Dom;
  const { get, put, pointer } = Request;
  const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

  // Fields and groups by their keys, so that what is there stays, and with it the focus.
  const kept = new Map();
  let used = new Set();
  let request;
  let faults = new Map();
  let changed;

  function keep(key, make) {
    if (!kept.has(key)) {
      kept.set(key, make());
    }
    used.add(key);
    return kept.get(key);
  }

  const id = (path) => `f${pointer(path)}`;

  function enter(path, value) {
    changed(put(request, path, value));
  }

  /**
   * Show a request: `groups` are the fields, as `{ key, title, facts: [[path, fact]], folded }`;
   * `others` the places in it that hold no fact. `change` is given the request that an entry makes.
   */
  function show(form, { groups, others, value, errors, change }) {
    request = value;
    changed = change;
    used = new Set();
    faults = new Map();
    for (const { path, message } of errors) {
      faults.set(path, [...(faults.get(path) ?? []), message]);
    }
    const nodes = groups
      .filter((group) => group.facts.length > 0)
      .map((group) => grouped(group, group.facts.map(([path, fact]) => field(path, fact))));
    if (others.length > 0) {
      const group = { key: "others", title: "Stated, but not a fact of any guideline on file" };
      nodes.push(grouped(group, others.map((path) => odd(path, String(path.at(-1) ?? "the document")))));
    }
    sync(form, nodes);
    for (const key of kept.keys()) {
      if (!used.has(key)) {
        kept.delete(key);
      }
    }
  }

  function grouped({ key, title, folded = false }, fields) {
    const group = keep(`group ${key}`, () => {
      const content = h("div", {});
      const legend = h("legend", {}, title);
      const node = folded
        ? h("details", {}, h("summary", {}, title), content)
        : h("fieldset", {}, legend, content);
      return { node, content, legend };
    });
    group.legend.textContent = title;
    sync(group.content, fields);
    if (folded && fields.some((each) => each.querySelector(".error:not([hidden])"))) {
      group.node.open = true;
    }
    return group.node;
  }

  /** The field of a place in the request. */
  function field(path, fact) {
    const value = get(request, path) ?? undefined;
    const shapes = shapesOf(fact);
    const key = (shape) => `${shape} ${pointer(path)}`;
    // While it is written in, a field stays what it is.
    const written = (shape) => kept.get(key(shape))?.node.contains(document.activeElement);
    const shape =
      Object.keys(shapes).find((each) => written(each) && shapes[each].bears(value)) ??
      Object.keys(shapes).find((each) => shapes[each].fits(value));
    if (shape === undefined) {
      return odd(path, fact.title);
    }
    const it = keep(key(shape), () => shapes[shape].make(path, fact, shape));
    it.show(value);
    return it.node;
  }

  /** The ways of showing a fact, the best first: what each can show, and bear while it is entered. */
  function shapesOf(fact) {
    const or = (fits) => (value) => value === undefined || fits(value);
    const shape = (make, fits, bears = fits) => ({ make, fits: or(fits), bears: or(bears) });
    const isText = (value) => typeof value === "string";
    if (fact.type === "array") {
      return { list: shape(list, Array.isArray) };
    }
    if (fact.type === "object") {
      return { object: shape(object, Request.isObject) };
    }
    if (fact.enum || fact.type === "boolean") {
      const choices = fact.enum ?? [true, false];
      return { choice: shape(choice, (value) => choices.includes(value)) };
    }
    if (fact.type === "number" || fact.type === "integer") {
      return { number: shape(entry, (value) => typeof value === "number" || isText(value)) };
    }
    const text = shape(entry, isText);
    return fact.format === "date" ? { date: shape(entry, isDay, isText), text } : { text };
  }

  /** Whether a date field takes it: a day that exists, and not of the year 0000. */
  function isDay(text) {
    if (typeof text !== "string" || !DAY.test(text) || text < "0001") {
      return false;
    }
    const day = new Date(`${text}T00:00:00Z`);
    return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
  }

  /** The label, question and faults around a control. */
  function around(path, fact, control, ...more) {
    const error = h("p", { class: "error", id: `${id(path)}-error`, hidden: true });
    const hint = fact.question ? h("p", { class: "quiet", id: `${id(path)}-hint` }, fact.question) : null;
    const label = h("label", { for: id(path) }, fact.title ?? Words.plain(path.at(-1)));
    control.id = id(path);
    control.setAttribute("aria-describedby", `${hint ? hint.id : ""} ${error.id}`.trim());
    const node = h("div", { class: "field" }, label, hint, control, more, error);
    return { node, faulty: () => showFaults(path, control, error) };
  }

  function showFaults(path, control, error) {
    const said = faults.get(pointer(path)) ?? [];
    error.hidden = said.length === 0;
    error.textContent = said.join(" ");
    if (said.length > 0) {
      control.setAttribute("aria-invalid", "true");
    } else {
      control.removeAttribute("aria-invalid");
    }
  }

  /** Text, a number or a date. */
  function entry(path, fact, shape) {
    const numeric = shape === "number";
    // An item of a list stays one while nothing is entered.
    const nothing = typeof path.at(-1) === "number" ? "" : undefined;
    const entered = () => {
      const value = numeric ? numbered(control.value) : control.value;
      return value === "" ? nothing : value;
    };
    const control = h("input", {
      type: shape === "date" ? "date" : "text",
      inputmode: numeric ? (fact.type === "integer" ? "numeric" : "decimal") : null,
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => enter(path, entered()),
    });
    const { node, faulty } = around(path, fact, control);
    return {
      node,
      show(value) {
        if (document.activeElement !== control || entered() !== value) {
          control.value = value ?? "";
        }
        faulty();
      },
    };
  }

  /** What is entered in a field for a number: other text is kept, and the policy reports it. */
  function numbered(text) {
    const bare = text.trim();
    try {
      const value = Json.read(bare);
      return typeof value === "number" ? value : bare;
    } catch {
      return bare;
    }
  }

  /** One of the values that are allowed. */
  function choice(path, fact) {
    const values = fact.enum ?? [true, false];
    const nothing = typeof path.at(-1) === "number" ? null : undefined;
    const options = values.map((each, index) => h("option", { value: index }, Words.value(each)));
    const control = h(
      "select",
      { oninput: () => enter(path, values[control.value] ?? nothing) },
      h("option", { value: "" }, "not stated"),
      options,
    );
    const { node, faulty } = around(path, fact, control);
    return {
      node,
      show(value) {
        const index = values.indexOf(value);
        control.value = index < 0 ? "" : String(index);
        faulty();
      },
    };
  }

  /** A list, item by item. A list stated to be empty differs from an absent one. */
  function list(path, fact) {
    const items = h("div", {});
    const error = h("p", { class: "error", id: `${id(path)}-error`, hidden: true });
    const add = h(
      "button",
      { type: "button", id: id(path), "aria-describedby": `${id(path)}-hint ${error.id}`, onclick: more },
      `Add to ${fact.title}`,
    );
    const none = h("input", {
      type: "checkbox",
      id: `${id(path)}-none`,
      oninput: () => enter(path, none.checked ? [] : undefined),
    });
    const stated = h("label", { class: "inline", for: none.id }, none, "There are none");
    const node = h(
      "fieldset",
      { class: "field" },
      h("legend", {}, fact.title),
      h("p", { class: "quiet", id: `${id(path)}-hint` }, fact.question ?? ""),
      items,
      h("p", { class: "tools" }, add, fact.empty === "none" ? stated : null),
      error,
    );

    function more() {
      const length = (get(request, path) ?? []).length;
      const blank = { object: {}, string: fact.items.enum ? null : "" };
      enter([...path, length], blank[fact.items.type] ?? null);
      focus(pointer([...path, length]));
    }

    function remove(index) {
      const left = get(request, path).filter((_, each) => each !== index);
      enter(path, left.length > 0 ? left : undefined);
      add.focus();
    }

    return {
      node,
      show(value) {
        const rows = (value ?? []).map((_, index) => {
          const place = [...path, index];
          const inner = field(place, { ...fact.items, title: `${fact.title} ${index + 1}` });
          const row = keep(`row ${pointer(place)}`, () => {
            const label = `Remove ${fact.title} ${index + 1}`;
            const button = h("button", { type: "button", onclick: () => remove(index) }, label);
            return { node: h("div", { class: "row" }), button };
          });
          sync(row.node, [inner, row.button]);
          return row.node;
        });
        sync(items, rows);
        none.checked = Array.isArray(value) && value.length === 0;
        stated.hidden = Array.isArray(value) && value.length > 0;
        showFaults(path, add, error);
      },
    };
  }

  /** An object of facts, as an item of a list is. */
  function object(path, fact) {
    const content = h("div", {});
    const error = h("p", { class: "error", hidden: true });
    const node = h(
      "fieldset",
      { class: "field", id: id(path), tabindex: "-1" },
      h("legend", {}, fact.title),
      content,
      error,
    );
    return {
      node,
      show() {
        const names = Object.entries(fact.properties ?? {});
        sync(content, names.map(([name, each]) => field([...path, name], each)));
        showFaults(path, node, error);
      },
    };
  }

  /** What no field can show: as JSON, with a button to remove it. */
  function odd(path, title) {
    const it = keep(`odd ${pointer(path)}`, () => {
      const text = h("code", {});
      const error = h("p", { class: "error", id: `${id(path)}-error`, hidden: true });
      const button = h(
        "button",
        { type: "button", id: id(path), onclick: () => remove(path, button) },
        `Remove ${title}`,
      );
      const node = h("div", { class: "field" }, h("p", {}, `${title}: `, text), button, error);
      return { node, text, button, error };
    });
    it.text.textContent = JSON.stringify(get(request, path));
    showFaults(path, it.button, it.error);
    return it.node;
  }

  /** Take away what no field can show, and go to its field, or else to what stood beside it. */
  function remove(path, button) {
    const form = button.closest("form");
    const controls = () =>
      [...form.querySelectorAll("input, select, button, summary")].filter((each) => each.checkVisibility());
    const index = controls().indexOf(button);
    enter(path, undefined);
    if (nearest(pointer(path))) {
      focus(pointer(path));
    } else {
      const left = controls();
      left[Math.min(index, left.length - 1)]?.focus();
    }
  }

  /** Show no field at all. */
  function clear(form) {
    kept.clear();
    form.replaceChildren();
  }

  /** The field of a place, or of what it is in. */
  function nearest(place) {
    for (let at = place; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      const found = document.getElementById(`f${at}`);
      if (found) {
        return found;
      }
    }
    return null;
  }

  /** Go to the field of a place. */
  function focus(place) {
    const found = nearest(place);
    found?.closest("details")?.setAttribute("open", "");
    const within = found?.matches("fieldset") ? found.querySelector("input, select, button") : found;
    within?.focus();
  }

  return { show, clear, focus, has: (place) => nearest(place) !== null };
})();
