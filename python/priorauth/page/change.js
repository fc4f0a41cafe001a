"use strict";

/*
 * What would change the outcome: for each criterion that bears on it, the nearest change of one
 * fact. Found by asking the engine about requests that differ in that fact, and in nothing else.
 * What to try comes of how the facts are declared and of the figures in the guideline's data.
 */
const Change = (() => {
  const { get, put } = Request;
  const DAY = 86_400_000;
  const STEPS = Array.from({ length: 31 }, (_, power) => 2 ** power);
  const RANK = Object.keys(Words.OUTCOMES);
  const MOST_LISTED = 10;
  const SAME = "same";
  const INVALID = "invalid";

  /** Everything that texts and numbers in a part of the data say. */
  function figuresOf(data, found = { texts: new Map(), numbers: new Set() }) {
    if (typeof data === "number") {
      found.numbers.add(data);
    } else if (typeof data === "string") {
      found.texts.set(data, found.texts.get(data) ?? "");
    } else if (Array.isArray(data)) {
      data.forEach((each) => figuresOf(each, found));
    } else if (Request.isObject(data)) {
      for (const [name, each] of Object.entries(data)) {
        // A code with what it means.
        if (typeof each === "string") {
          found.texts.set(name, each);
        }
        figuresOf(each, found);
      }
    }
    return found;
  }

  /** Single values to try for a fact that has no order. */
  function values(fact, figures) {
    if (fact.enum) {
      return fact.enum;
    }
    if (fact.type === "boolean") {
      return [true, false];
    }
    if (fact.type === "string") {
      return fact.format === "date" ? [] : [...figures.texts.keys()];
    }
    return [];
  }

  /** Items to try in a list: every combination of what their properties can be, within reason. */
  function items(fact, figures) {
    if (fact.type !== "object") {
      return values(fact, figures);
    }
    const required = new Set(fact.required ?? []);
    let found = [{}];
    for (const [name, each] of Object.entries(fact.properties ?? {})) {
      const numeric = each.type === "number" || each.type === "integer";
      let options = numeric ? [...figures.numbers] : values(each, figures);
      if (options.length === 0 && required.has(name) && each.type === "string") {
        options = ["one"];
      }
      if (options.length > 0) {
        found = found.flatMap((item) => options.map((option) => ({ ...item, [name]: option })));
      }
    }
    return found.slice(0, 400);
  }

  /** The order of a fact: how far its values are from where it stands, and which there are. */
  function order(fact, value, request, figures) {
    if (fact.format === "date") {
      const from = Date.parse(value ?? get(request, ["service_date"]) ?? "");
      const at = (steps) => new Date(from + steps * DAY).toISOString().slice(0, 10);
      // As far as the years of four digits go.
      const steps = STEPS.filter((each) => each < 60_000);
      return Number.isNaN(from) ? null : { at, steps, known: [] };
    }
    if (fact.type !== "number" && fact.type !== "integer") {
      return null;
    }
    const all = [...figures.numbers, value ?? 0];
    const places = fact.type === "integer" ? 0 : Math.max(...all.map(decimals));
    const unit = 10 ** -places;
    const from = typeof value === "number" ? value : 0;
    const at = (steps) => Number((from + steps * unit).toFixed(places));
    const known = [...figures.numbers, fact.minimum, fact.maximum, fact.exclusiveMinimum]
      .filter((each) => typeof each === "number")
      .flatMap((each) => [-1, 0, 1].map((more) => Math.round((each - from) / unit) + more));
    return { at, steps: STEPS, known };
  }

  const decimals = (number) => (String(number).split(".")[1] ?? "").length;

  /** A trial: the request with another value at one place. */
  const trial = (request, path, value, told) => ({ value, told, request: put(request, path, value) });

  /** The trials for a place that need no search. */
  function plain(request, path, fact, figures) {
    const value = get(request, path);
    const meaning = (each) => {
      const said = figures.texts.get(each);
      return said ? `${each} (${said})` : Words.value(each);
    };
    const told = (item) =>
      Request.isObject(item)
        ? Object.entries(item).map(([name, each]) => `${Words.plain(name)} ${meaning(each)}`).join(", ")
        : meaning(item);
    if (fact.type !== "array") {
      return values(fact, figures)
        .filter((each) => each !== value)
        .map((each) => trial(request, path, each, meaning(each)));
    }
    const listed = listedAt(request, path);
    const trials = [];
    if (fact.empty === "none" && (value === undefined || listed.length === 1)) {
      trials.push(trial(request, path, [], "none"));
    }
    listed.slice(0, MOST_LISTED).forEach((item, index) => {
      const left = listed.filter((_, each) => each !== index);
      // Without its only item a list is not stated; that there is none is another thing to say.
      const value = left.length > 0 ? left : undefined;
      trials.push(trial(request, path, value, `without ${told(item)}`));
    });
    for (const item of items(fact.items, figures)) {
      trials.push(trial(request, path, [...listed, item], `with ${told(item)}`));
    }
    return trials;
  }

  function listedAt(request, path) {
    const value = get(request, path);
    return Array.isArray(value) ? value : [];
  }

  /** Whether a list is so long that not every item of it is tried. */
  const isCut = (request, vocabulary) =>
    Object.keys(vocabulary).some((name) => listedAt(request, name.split(".")).length > MOST_LISTED);

  /** The places of a fact in a request: itself, and the properties of what it lists. */
  function places(request, path, fact) {
    const inner = [];
    if (fact.type === "array" && fact.items.type === "object") {
      listedAt(request, path).slice(0, MOST_LISTED).forEach((_, index) => {
        for (const [name, each] of Object.entries(fact.items.properties ?? {})) {
          const title = `${each.title ?? Words.plain(name)} of ${fact.title} ${index + 1}`;
          inner.push([[...path, index, name], { ...each, title }]);
        }
      });
    }
    return [[path, fact], ...inner];
  }

  /**
   * The criteria that bear on an outcome: those that reasons name, of groups the parts that are not
   * met; without reasons, all that are considered.
   */
  function bearing(decision, version) {
    const judged = Text.judged(decision.criteria);
    const named = decision.reasons.map((each) => each.criterion).filter((each) => judged.has(each));
    const whole = named.length > 0 ? named : decision.criteria.map((each) => each.id);
    const idle = new Set(["not_considered", named.length > 0 ? "met" : "not_considered"]);
    const leaves = (id) => {
      const { parts = [] } = judged.get(id);
      const bear = parts.filter((each) => !idle.has(each.status)).flatMap((each) => leaves(each.id));
      return bear.length > 0 ? bear : [id];
    };
    const ids = new Set(whole.flatMap(leaves));
    return version.criteria.filter((each) => ids.has(each.id));
  }

  /**
   * The facts that each criterion rests on, by its id: those it asks for, those that make it another
   * once they are taken away or stated, and the day that everything is reckoned on.
   */
  async function factsOf(criteria, request, decision, vocabulary, signal) {
    const asked = new Map(criteria.map(({ id, asks }) => [id, asks.map((each) => nameOf(each.path))]));
    const all = new Set([...asked.values()].flat());
    const trials = Object.keys(vocabulary).flatMap((name) => {
      const path = name.split(".");
      const stated = get(request, path) !== undefined;
      const value = stated || all.has(name) ? undefined : sample(vocabulary[name], request);
      return vocabulary[name].question && (stated || value !== undefined)
        ? [{ name, request: put(request, path, value) }]
        : [];
    });
    const now = Text.judged(decision.criteria);
    const decisions = await Engine.decideAll(trials.map((each) => each.request), signal);
    decisions.forEach((each, index) => {
      const then = Text.judged(each.criteria);
      for (const { id } of criteria) {
        if (then.has(id) && !Json.same(then.get(id), now.get(id))) {
          asked.get(id).push(trials[index].name);
        }
      }
    });
    for (const names of asked.values()) {
      names.push("service_date");
    }
    return asked;
  }

  const nameOf = (place) => place.slice(1).replaceAll("/", ".");

  /** A value that a fact can have, of what is not asked for; undefined for texts and lists. */
  function sample(fact, request) {
    const samples = { boolean: true, number: 1, integer: 1 };
    return fact.enum?.[0] ?? (fact.format === "date" ? get(request, ["service_date"]) : samples[fact.type]);
  }

  /**
   * The nearest changes for a criterion, each of one fact and to another outcome; where there is
   * none, to another status of the criterion alone.
   */
  async function ofCriterion(criterion, names, request, decision, vocabulary, signal) {
    const figures = figuresOf(criterion.figures);
    const status = (each) => Text.judged(each.criteria).get(criterion.id)?.status;
    const before = status(decision);
    // A decision by another text is not a change of this criterion.
    const result = (each) => {
      const after = status(each);
      if (each.outcome === "invalid") {
        return INVALID;
      }
      return after === undefined || after === before ? SAME : `${each.outcome} ${after}`;
    };
    const found = [];
    for (const name of new Set(names)) {
      if (!vocabulary[name]) {
        continue;
      }
      for (const [path, fact] of places(request, name.split("."), vocabulary[name])) {
        const ways = new Map();
        const trials = plain(request, path, fact, figures);
        const decisions = await Engine.decideAll(trials.map((each) => each.request), signal);
        decisions.map(result).forEach((turn, index) => {
          const { value, told } = trials[index];
          ways.set(turn, { value, told, others: -1, ...ways.get(turn) });
          ways.get(turn).others += 1;
        });
        const line = order(fact, get(request, path), request, figures);
        const at = (steps) => put(request, path, line.at(steps));
        for (const [turn, steps] of line ? await search(line, at, result, signal) : []) {
          const value = line.at(steps);
          ways.set(turn, { value, told: String(value), others: 0 });
        }
        for (const [turn, way] of ways) {
          if (turn !== SAME && turn !== INVALID) {
            const [outcome, after] = turn.split(" ");
            found.push({ path, title: fact.title, outcome, status: after, ...way });
          }
        }
      }
    }
    found.sort((a, b) => RANK.indexOf(a.outcome) - RANK.indexOf(b.outcome));
    const turning = found.filter((each) => each.outcome !== decision.outcome);
    return turning.length > 0 ? turning : found;
  }

  /**
   * The nearest place on a line for each result that there is, found by doubling and halving. A
   * line ends where the request becomes invalid; the last place before that is looked at too.
   */
  async function search({ steps, known }, at, result, signal) {
    const all = [...new Set([...steps, ...steps.map((each) => -each), ...known])];
    const results = new Map();
    const lookAll = async (places) => {
      const decisions = await Engine.decideAll(places.map(at), signal);
      decisions.forEach((each, index) => results.set(places[index], result(each)));
    };
    const look = async (place) => {
      if (!results.has(place)) {
        await lookAll([place]);
      }
      return results.get(place);
    };
    await lookAll(all);
    /** The nearest place to `near` that holds, between one that does not and one that does. */
    const halved = async (near, far, holds) => {
      while (Math.abs(far - near) > 1) {
        const middle = Math.trunc((near + far) / 2);
        [near, far] = holds(await look(middle)) ? [near, middle] : [middle, far];
      }
      return [near, far];
    };
    const nearest = new Map();
    for (const side of [1, -1]) {
      const places = all.filter((each) => Math.sign(each) === side);
      places.sort((a, b) => Math.abs(a) - Math.abs(b));
      const seen = new Set();
      let last = 0;
      const pass = async (place) => {
        const turn = await look(place);
        if (turn !== SAME && !seen.has(turn)) {
          seen.add(turn);
          const [, found] = await halved(last, place, (each) => each === turn);
          if (!(Math.abs(nearest.get(turn)) <= Math.abs(found))) {
            nearest.set(turn, found);
          }
        }
        last = place;
      };
      for (const place of places) {
        if ((await look(place)) === INVALID) {
          const [edge] = await halved(last, place, (each) => each === INVALID);
          if (edge !== last) {
            await pass(edge);
          }
          break;
        }
        await pass(place);
      }
    }
    return nearest;
  }

  return { MOST_LISTED, isCut, bearing, factsOf, ofCriterion };
})();
