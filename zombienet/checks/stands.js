"use strict";
// At the nodes named nothing becomes final, because there are too few of them.
const { check } = require("./network.js");

exports.run = check((network, names) => network.stands(network.chosen(names)));
