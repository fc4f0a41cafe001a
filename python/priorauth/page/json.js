"use strict";

/*
 * JSON, read so that what it says is not altered on the way: a name that an object has twice and a
 * number that would be rounded are refused.
 */
const Json = (() => {
  // What matters in a text that is known to be JSON: names, strings, brackets, numbers.
  const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]|-?[0-9][0-9.eE+-]*/g;

  /** The value of a JSON text. Throws an Error that says what is wrong with it. */
  function read(text) {
    const value = JSON.parse(text.replace(/^\ufeff/, ""));
    const open = [];
    for (const [token, string, colon] of text.matchAll(TOKENS)) {
      if (string !== undefined) {
        const said = JSON.parse(string);
        if (/\p{Surrogate}/u.test(said)) {
          throw new Error("a text has half of a surrogate pair");
        }
        if (colon !== undefined) {
          const names = open.at(-1);
          if (names.has(said)) {
            throw new Error(`an object has the name ${string.slice(0, 40)} more than once`);
          }
          names.add(said);
        }
      } else if (token === "{" || token === "[") {
        open.push(new Set());
      } else if (token === "}" || token === "]") {
        open.pop();
      } else if (decimal(token) !== decimal(String(Number(token)))) {
        throw new Error(`the number ${token.slice(0, 40)} cannot be kept without rounding it`);
      }
    }
    return value;
  }

  /** A number's digits and exponent, the same however it is spelt. */
  function decimal(text) {
    const [, sign, whole, fraction = "", exponent = "0"] =
      /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text) ?? [];
    if (whole === undefined) {
      return text;
    }
    const digits = (whole + fraction).replace(/^0+/, "");
    const bare = digits.replace(/0+$/, "");
    const power = Number(exponent) - fraction.length + digits.length - bare.length;
    return bare === "" ? "0" : `${sign}${bare}e${power}`;
  }

  /** A value as JSON with the names of objects in order, so that equal values are equal texts. */
  function sorted(value) {
    const inOrder = (_, each) =>
      each !== null && typeof each === "object" && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
        : each;
    return JSON.stringify(value, inOrder, 2);
  }

  /** A value as JSON, in lines unless it is nested too deeply for that. */
  function written(value) {
    try {
      return JSON.stringify(value, null, 2);
    } catch {
      return JSON.stringify(value);
    }
  }

  const same = (one, other) => sorted(one) === sorted(other);

  return { read, written, sorted, same };
})();
