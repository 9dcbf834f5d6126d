"use strict";
// Kills the nodes named, at once; `leader` and `follower` are names, too.
const { check } = require("./network.js");

exports.run = check((network, names) => network.kill(names));
