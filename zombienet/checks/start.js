"use strict";
// Starts all nodes that were killed.
const { check } = require("./network.js");

exports.run = check((network) => network.start());
