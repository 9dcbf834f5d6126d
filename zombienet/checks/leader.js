"use strict";
// All that run follow one leader. If a leader was killed before, it is another, in a higher term.
const { check } = require("./network.js");

exports.run = check(async (network) => {
  const { name, term, after } = await network.leader();
  return `${name} leads term ${term}${after ? `, seen ${after} s after a leader was killed` : ""}`;
});
