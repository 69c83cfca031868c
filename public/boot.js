// Starts the lab: checks the browser, sets the rules for strings that become markup, loads a program, and shows what went
// wrong when something does. A file of its own because the page's policy allows no inline script.
//
// There are two programs. The start program is small and knows the start page; the whole one knows every place. An address
// decides which comes first, and the start program asks for the other when it is led elsewhere.

const tag = document.querySelector("script[data-wasm]");
const SLOW_AFTER = 10_000;

/** Replaces the page by a message. Built from nodes and text only, so that no message can become markup. */
function show(title, lines, detail) {
  if (document.getElementById("boot-message")) return;
  const box = document.createElement("main");
  box.id = "boot-message";
  box.className = "boot-message";
  box.setAttribute("role", "alert");
  const add = (name, text) => {
    const node = document.createElement(name);
    node.textContent = text;
    box.append(node);
    return node;
  };
  add("h1", title);
  for (const line of lines) add("p", line);
  if (detail) add("pre", detail);
  const again = add("button", "Load the page again");
  again.type = "button";
  again.addEventListener("click", () => location.reload());
  document.body.replaceChildren(box);
  // No program is there any more that would follow the browser's history.
  addEventListener("popstate", () => location.reload());
  again.focus();
}

/** What this browser lacks, in words a person can search for. */
function missing() {
  const needs = {
    WebAssembly: () => typeof WebAssembly === "object" && typeof WebAssembly.instantiateStreaming === "function",
    "64-bit integers in scripts (BigInt)": () => typeof BigInt64Array === "function",
    "web workers": () => typeof Worker === "function",
    "dialogs (<dialog>)": () => typeof HTMLDialogElement === "function",
    "popovers": () => "popover" in HTMLElement.prototype,
    "structuredClone": () => typeof structuredClone === "function",
  };
  return Object.keys(needs).filter((name) => !needs[name]());
}

/**
 * The one Trusted Types policy. The view library writes its own constant templates as strings; those pass. Anything
 * that could run does not, and neither does a script from another place.
 */
function setRules() {
  if (!globalThis.trustedTypes) return;
  const runs = /<\s*(script|iframe|frame|object|embed|base|meta|link)\b|<[^>]*\son\w+\s*=|<[^>]*=\s*["']?\s*javascript:/i;
  trustedTypes.createPolicy("default", {
    createHTML(text) {
      if (runs.test(text)) throw new TypeError("markup that could run code was refused");
      return text;
    },
    createScriptURL(address) {
      const url = new URL(address, document.baseURI);
      const home = new URL("./", tag.src);
      if (url.origin !== home.origin || !url.pathname.startsWith(home.pathname)) {
        throw new TypeError("a script from outside the lab was refused");
      }
      return url.href;
    },
  });
}

/** After a panic the app's memory cannot be trusted, so the page says so instead of going on. */
function watchForPanics() {
  // The programs' panic hook sends its message ahead of the trap that follows.
  addEventListener("lab-panic", (event) => { panic = String(event.detail ?? ""); });
  addEventListener("error", (event) => { if (isTrap(event.error)) stopped(event.message); });
  addEventListener("unhandledrejection", (event) => { if (isTrap(event.reason)) stopped(String(event.reason)); });
}

let panic = "";

function isTrap(error) {
  return error instanceof WebAssembly.RuntimeError;
}

function stopped(message) {
  document.documentElement.dataset.boot = "failed";
  show("The lab has stopped", ["A fault in the program ended it. What you saved is kept.", "It is our mistake, not yours."], panic || message);
}

async function start() {
  if (window.top !== window.self) {
    return show("Not inside another page", ["The lab does not run in a frame. Open it in a tab of its own."]);
  }
  const lacking = missing();
  if (lacking.length > 0) {
    return show("This browser cannot run the lab", [
      "It lacks: " + lacking.join(", ") + ".",
      "A current Firefox, Chrome, Edge or Safari has all of it.",
    ]);
  }
  setRules();
  watchForPanics();
  addEventListener("lab-whole", () => run(WHOLE));
  if (!isStart()) return run(WHOLE);
  await run(START);
  for (const sign of ["pointerover", "focusin"]) addEventListener(sign, ahead);
}

/** A program: where its script and its module are, and both once they are being fetched. */
const START = { script: tag.dataset.js, module: tag.dataset.wasm };
const WHOLE = { script: tag.dataset.whole, module: tag.dataset.whole.replace(/\.js$/, "_bg.wasm") };

/** Whether the address is the start page's, as far as it matters: each program finds out by itself, too. */
function isStart() {
  const below = location.href.slice(new URL("./", document.baseURI).href.length);
  return /^(index\.html)?([?#]|$)/.test(below);
}

/** Fetches and compiles a program, once; again if that failed. */
function load(program) {
  program.loaded ??= Promise.all([import(program.script), WebAssembly.compileStreaming(fetch(program.module))]);
  program.loaded.catch(() => { program.loaded = undefined; });
  return program.loaded;
}

/** Whoever is at a link to a run will want the whole program; what fails here is told when it is needed. */
function ahead({ target }) {
  if (target instanceof Element && target.closest("a[href*='/s/'], form")) load(WHOLE).catch(() => {});
}

/** Runs a program; the whole one puts the start program away by itself. */
async function run(program) {
  if (program.started) return;
  program.started = true;
  const slow = setTimeout(() => { document.documentElement.dataset.boot = "slow"; }, SLOW_AFTER);
  document.documentElement.dataset.boot = "loading";
  try {
    const [script, module_or_path] = await load(program);
    await script.default({ module_or_path });
    document.documentElement.dataset.boot = "ready";
  } catch (error) {
    if (isTrap(error)) return stopped(String(error));
    document.documentElement.dataset.boot = "failed";
    show("The lab could not be loaded", [
      "Part of it did not arrive. The connection may have broken, or a newer version was published meanwhile.",
    ], String(error));
  } finally {
    clearTimeout(slow);
  }
}

await start();
