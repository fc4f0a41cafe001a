"use strict";

/* Elements. Every text becomes a text node: nothing that is shown is ever read as markup. */
const Dom = (() => {
  /** An element with attributes, listeners (`onclick`) and content: nodes, texts, lists of them. */
  function h(tag, attributes = {}, ...content) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) {
        element.addEventListener(name.slice(2), value);
      } else if (value === true) {
        element.setAttribute(name, "");
      } else if (value !== false && value !== null && value !== undefined) {
        element.setAttribute(name, String(value));
      }
    }
    element.append(...content.flat(Infinity).filter((each) => each !== null && each !== ""));
    return element;
  }

  /** Make these the content of an element, and leave alone those that are there already. */
  function sync(parent, nodes) {
    const wanted = new Set(nodes);
    for (const node of [...parent.childNodes]) {
      if (!wanted.has(node)) {
        node.remove();
      }
    }
    nodes.forEach((node, index) => {
      if (parent.childNodes[index] !== node) {
        parent.insertBefore(node, parent.childNodes[index] ?? null);
      }
    });
  }

  return { h, sync };
})();

/* Names and values in words. */
const Words = (() => {
  const plain = (name) => String(name).replaceAll("_", " ");

  const OUTCOMES = {
    approved: ["✓", "Approved"],
    modified: ["▾", "Modified"],
    denied: ["✗", "Denied"],
    pended: ["?", "Pended"],
    not_applicable: ["–", "Not applicable"],
    invalid: ["!", "Invalid"],
  };
  const STATUSES = {
    met: ["✓", "met"],
    not_met: ["✗", "not met"],
    unknown: ["?", "unknown"],
    reduced: ["▾", "reduced"],
    not_considered: ["–", "not considered"],
    not_asked: ["–", "not asked"],
  };
  const GROUPS = {
    all: "all of these",
    any: "one of these is enough",
    branch: "whichever of these applies",
  };

  /** A fact or a figure; codes with what they mean. */
  function value(it, nothing = "none") {
    if (it === null || it === undefined) {
      return nothing;
    }
    if (typeof it === "boolean") {
      return it ? "yes" : "no";
    }
    if (Array.isArray(it)) {
      return it.map((each) => value(each)).join(", ") || "none";
    }
    if (typeof it === "object") {
      const coded = Object.values(it).every((each) => typeof each === "string");
      const told = Object.entries(it).map(([name, each]) =>
        coded ? `${name} (${each})` : `${plain(name)} ${value(each)}`,
      );
      return told.join(coded ? "; " : ", ") || "none";
    }
    return typeof it === "string" ? plain(it) : String(it);
  }

  return { plain, value, OUTCOMES, STATUSES, GROUPS };
})();

/* A request, as a JSON value, and the places in it: paths are arrays of names and numbers. */
const Request = (() => {
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  const holds = (value) => value !== null && typeof value === "object";

  /** What is there; undefined where there is nothing. */
  function get(request, path) {
    let found = request;
    for (const step of path) {
      found = holds(found) && Object.hasOwn(found, step) ? found[step] : undefined;
    }
    return found;
  }

  /** A request with this value there; undefined takes away what is there, and sections left empty. */
  function put(request, path, value) {
    if (path.length === 0) {
      return value;
    }
    const [step, ...rest] = path;
    const list = typeof step === "number";
    const copy = list
      ? Array.isArray(request) ? [...request] : []
      : isObject(request) ? { ...request } : {};
    const inner = put(list || Object.hasOwn(copy, step) ? copy[step] : undefined, rest, value);
    const empty = isObject(inner) && rest.length > 0 && Object.keys(inner).length === 0;
    if (inner !== undefined && !(empty && value === undefined && !list)) {
      // Not by assignment: a name can be __proto__.
      Object.defineProperty(copy, step, {
        value: inner, enumerable: true, configurable: true, writable: true,
      });
    } else if (list) {
      copy.splice(step, 1);
    } else {
      delete copy[step];
    }
    return copy;
  }

  const pointer = (path) =>
    path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

  return { get, put, pointer, isObject };
})();
