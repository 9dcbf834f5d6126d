"use strict";
// The nodes named, or all that were not killed, make new blocks final and agree on all that are.
const { check } = require("./network.js");

exports.run = check((network, names) => network.progress(network.chosen(names)));
