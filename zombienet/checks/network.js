"use strict";
// What the checks of one scenario share: the nodes, which of them were killed, and every block that was final anywhere.
// A check fails by throwing. Each has a limit of its own, below the one in the scenario, which would not say what it saw.

const { spawn } = require("node:child_process");
const { openSync, closeSync } = require("node:fs");

// The tool knows the processes. Its own `restart` brings a node back by itself, so nothing can be asked in between.
const tool = require.main.require("@zombienet/orchestrator/dist/providers/client");

// The protocol needs some seconds; the rest is for a machine on which everything runs at once.
const PATIENCE = 60;

const killed = new Set();
const final = new Map();
let highest = 0;
// Leader and term when a leader was killed: whoever leads afterwards is another, in a higher term.
let fallen = null;

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const since = (start) => ((Date.now() - start) / 1000).toFixed(1);
const process_of = (name) => tool.getClient().processMap[name];

/// Asks until the answer is something, or the time is up. The last reason, if the question threw, is part of the failure.
async function wait(seconds, what, question) {
  const start = Date.now();
  for (;;) {
    let reason = "";
    try {
      const answer = await question();
      if (answer !== undefined) return answer;
    } catch (error) {
      // What contradicts the protocol does not get better by waiting.
      if (error instanceof Broken) throw error;
      reason = `: ${error.message}`;
    }
    if (Date.now() - start > seconds * 1000) throw new Error(`not within ${Math.ceil(seconds)} s: ${what}${reason}`);
    await sleep(0.2);
  }
}

/// Something that must never be.
class Broken extends Error {}

class Network {
  constructor(information) {
    this.urls = new Map(
      Object.values(information.nodesByName).map(({ name, wsUri }) => [name, wsUri.replace(/^ws:/, "http:")]),
    );
    this.names = [...this.urls.keys()].sort();
  }

  /// The nodes that are named, or all that were not killed.
  chosen(names) {
    for (const name of names) {
      if (!this.urls.has(name)) throw new Error(`there is no node ${name}`);
      if (killed.has(name)) throw new Error(`${name} was killed and not started`);
    }
    return names.length > 0 ? names : this.names.filter((name) => !killed.has(name));
  }

  async ask(name, method, ...params) {
    const response = await fetch(this.urls.get(name), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: AbortSignal.timeout(5000),
    }).catch((error) => {
      throw new Error(`${name} does not answer (${error.cause?.code ?? error.name})`);
    });
    const { result, error } = await response.json();
    if (error) throw new Error(`${name}, ${method}: ${JSON.stringify(error)}`);
    return result;
  }

  state(name) {
    return this.ask(name, "tdRaft_roundState");
  }

  /// Reads all that is final at a node, from genesis on. Gives its height.
  async read(name) {
    const head = await this.ask(name, "chain_getFinalizedHead");
    const height = Number((await this.ask(name, "chain_getHeader", head)).number);
    const numbers = Array.from({ length: height + 1 }, (_, number) => number);
    const hashes = await this.ask(name, "chain_getBlockHash", numbers);
    for (const number of numbers) {
      const known = final.get(number);
      if (known === undefined) final.set(number, { hash: hashes[number], name });
      else if (known.hash !== hashes[number]) {
        throw new Broken(
          `two final blocks at height ${number}: ${known.hash} at ${known.name}, ${hashes[number]} at ${name}`,
        );
      }
    }
    highest = Math.max(highest, height);
    return height;
  }

  /// Waits until each of the nodes has made final two blocks more than any node had before, and agrees with all of them.
  /// Two, because one may have been under way.
  async progress(names) {
    const start = Date.now();
    const left = () => PATIENCE - (Date.now() - start) / 1000;
    for (const name of names) await wait(left(), `an answer from ${name}`, () => this.read(name));
    const before = highest;
    for (const name of names) {
      await wait(left(), `two more final blocks than ${before} at ${name}`, async () => {
        const height = await this.read(name);
        if (height < before + 2) throw new Error(`it is at ${height}; ${await this.summary()}`);
        return height;
      });
    }
    return `final ${before} to ${highest} at ${names.join(", ")} in ${since(start)} s`;
  }

  /// Waits until all that run name the same leader in the same term, and it is one of them. After a leader was killed it
  /// has to be another, in a higher term.
  leader() {
    const running = this.chosen([]);
    return wait(PATIENCE, "one leader that all follow", async () => {
      const states = await Promise.all(running.map((name) => this.state(name)));
      const [{ leader, term }] = states;
      if (!leader || states.some((state) => state.leader !== leader || state.term !== term)) {
        throw new Error(await this.summary());
      }
      if (fallen && (term <= fallen.term || leader === fallen.leader)) {
        throw new Error(`still the killed leader's term; ${await this.summary()}`);
      }
      const position = states.findIndex((state) => state.me === leader && state.role === "leader");
      if (position < 0) throw new Error(`none of them says that it leads; ${await this.summary()}`);
      // How long the change took is known the first time only.
      const after = fallen?.at && since(fallen.at);
      if (fallen) fallen.at = undefined;
      return { name: running[position], leader, term, after };
    });
  }

  /// Kills nodes, all at once and as `kill -9` does. `leader` is the node that leads, `follower` another.
  async kill(words) {
    const names = [];
    if (words.includes("leader") || words.includes("follower")) {
      const led = await this.leader();
      for (const word of words) {
        if (word === "leader") fallen = { leader: led.leader, term: led.term, at: Date.now() };
        const follower = () => this.chosen([]).find((name) => name !== led.name && !names.includes(name));
        names.push(word === "leader" ? led.name : word === "follower" ? follower() : word);
      }
    } else {
      names.push(...words);
    }
    for (const name of this.chosen(names)) {
      process.kill(process_of(name).pid, "SIGKILL");
      killed.add(name);
    }
    for (const name of names) {
      await wait(10, `the end of ${name}`, async () => {
        try {
          process.kill(process_of(name).pid, 0);
        } catch (error) {
          if (error.code === "ESRCH") return true;
          throw error;
        }
        return undefined;
      });
      // Or the tool would kill that number in the end, whoever has it then.
      process_of(name).pid = undefined;
    }
    return `${names.join(", ")} killed at height ${highest}`;
  }

  /// Starts all that were killed, as the tool started them, and waits until they answer.
  async start() {
    const start = Date.now();
    const names = [...killed];
    if (names.length === 0) throw new Error("none was killed");
    for (const name of names) {
      const known = process_of(name);
      const log = openSync(known.logs, "a");
      known.pid = spawn("bash", ["-c", ...known.cmd], { stdio: ["ignore", log, log] }).pid;
      closeSync(log);
      killed.delete(name);
    }
    for (const name of names) await wait(PATIENCE, `an answer from ${name}`, () => this.state(name));
    return `${names.join(", ")} answer after ${since(start)} s`;
  }

  /// Watches for three of the intervals in which even an idle chain makes a block: nothing becomes final, nobody is elected.
  async stands(names) {
    // What was certified already may become final yet.
    await sleep(3);
    const look = () =>
      Promise.all(
        names.map(async (name) => {
          const height = await this.read(name);
          return `${name} ${height} in term ${(await this.state(name)).term}`;
        }),
      );
    const before = (await look()).join(", ");
    await sleep(15);
    const after = (await look()).join(", ");
    if (before !== after) throw new Error(`they went on without a quorum: ${before}; 15 seconds later ${after}`);
    return `for 15 s ${after}`;
  }

  /// What each node says, in one line.
  async summary() {
    const said = this.names.map(async (name) => {
      if (killed.has(name)) return `${name} killed`;
      try {
        const { role, term, finalized, gateOpen } = await this.state(name);
        return `${name} ${role} term ${term} final ${finalized.number}${gateOpen ? " gate open" : ""}`;
      } catch (error) {
        return error.message;
      }
    });
    return (await Promise.all(said)).join(", ");
  }
}

/// What the tool calls: it gives the names of the node in the scenario's line (of no meaning here), the network, and the words.
exports.check = (work) => async (_node, information, words) => {
  const said = await work(new Network(information), words);
  console.log(`check: ${said}`);
};
