// A conversation in an element: asks, shows each sentence as it is checked, then the whole answer. For page and widget.

export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// The server rendered the HTML from markdown without raw HTML and filtered it by an allow list; see turn.py and render.py.
function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

const isLike = (a, b) => a.nodeName === b.nodeName && (a.nodeType !== 1 || a.classList[0] === b.classList[0]);

// Gives `have` the content of `want` and leaves alone what is equal: focus, selection, and what was read out already.
function update(have, want) {
  have.normalize();
  let old = have.firstChild;
  for (const node of [...want.childNodes]) {
    let match = old;
    while (match && !isLike(match, node)) match = match.nextSibling;
    if (!match) {
      have.insertBefore(node, old);
      continue;
    }
    while (old !== match) {
      const next = old.nextSibling;
      old.remove();
      old = next;
    }
    old = match.nextSibling;
    if (match.isEqualNode(node)) continue;
    if (node.nodeType === 1) {
      for (const { name, value } of node.attributes) match.setAttribute(name, value);
      update(match, node);
    } else if (node.data.startsWith(match.data)) {
      match.after(node.data.slice(match.data.length));
    } else {
      match.data = node.data;
    }
  }
  while (old) {
    const next = old.nextSibling;
    old.remove();
    old = next;
  }
}

async function* events(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  while (!signal.aborted) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const parts = buffer.split("\n\n");
    buffer = parts.pop();
    for (const part of parts) {
      const name = /^event: (.*)$/m.exec(part);
      const data = /^data: (.*)$/m.exec(part);
      if (name && data) yield [name[1], JSON.parse(data[1])];
    }
  }
}

// A chip opens its source card.
function openCard(event) {
  const chip = event.target.closest("a.cite");
  const turn = chip?.closest(".turn");
  const card = turn?.querySelector(`.sources [data-marker="${CSS.escape(chip.textContent)}"]`);
  if (!card) return;
  event.preventDefault();
  for (const open of turn.querySelectorAll(".sources .open")) open.classList.remove("open");
  card.classList.add("open");
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function copyButton(label, text) {
  const button = make("button", { type: "button", class: "quiet" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "The browser does not allow it";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  return button;
}

export class Conversation {
  // `log` is where the answers go. `server` is its origin, "" for the page's own; `link` makes the address of a question.
  constructor(log, { server = "", link = null } = {}) {
    Object.assign(this, { log, server, link, history: [], running: null });
    log.addEventListener("click", openCard);
  }

  post(path, body, signal) {
    const headers = { "Content-Type": "application/json" };
    return fetch(this.server + path, { method: "POST", headers, body: JSON.stringify(body), signal });
  }

  stop() {
    this.running?.abort();
  }

  async ask(question) {
    this.stop();
    this.running = new AbortController();
    const { signal } = this.running;
    const answer = make("div", { class: "answer waiting" });
    const how = make("p", { class: "how" }, "Searching the docs…");
    const turn = make("article", { class: "turn" }, make("h2", { class: "asked" }, question), how, answer);
    this.log.append(turn);
    turn.scrollIntoView({ block: "start" });
    const fail = (text) => {
      how.remove();
      answer.classList.remove("waiting");
      turn.append(make("p", { class: "note", role: "alert" }, text));
    };
    try {
      const body = { question, history: this.history.slice(-6), stream: true, turn: true };
      const response = await this.post("/api/ask", body, signal);
      if (!response.ok) {
        const { error } = await response.json();
        return fail(error.hint ? `${error.message}: ${error.hint}` : error.message);
      }
      let ended = false;
      for await (const [name, data] of events(response, signal)) {
        ended = this.show(turn, name, data, fail) || ended;
      }
      if (!ended && !signal.aborted) fail("The answer broke off. Ask again.");
    } catch (error) {
      if (error.name !== "AbortError") fail("The server can't be reached. Try again in a moment.");
    }
    if (signal.aborted) {
      answer.classList.remove("waiting");
      if (how.isConnected) how.textContent = "Stopped";
    }
  }

  // Shows an event of an answer. Returns whether it was the last one.
  show(turn, name, data, fail) {
    if (name === "sentence") {
      turn.querySelector(".how").textContent = "Checking each sentence against the docs…";
      update(turn.querySelector(".answer"), parse(data.html));
    } else if (name === "citation") {
      if (!turn.querySelector(".sources")) {
        const sources = make("ol", { class: "sources" });
        turn.append(make("section", { class: "evidence", "aria-live": "off" }, make("h3", {}, "Sources"), sources));
      }
      turn.querySelector(".sources").append(parse(data.card));
    } else if (name === "done") {
      const whole = parse(data.turn).firstElementChild;
      for (const attribute of whole.attributes) turn.setAttribute(attribute.name, attribute.value);
      turn.querySelector(".answer")?.classList.remove("waiting");
      update(turn, whole);
      this.addTools(turn);
      this.history.push({ question: data.question, answer: data.answered ? data.answer : "" });
    } else if (name === "error") {
      fail(data.hint ? `${data.message}: ${data.hint}` : data.message);
    }
    return name === "done" || name === "error";
  }

  // Buttons below a whole answer: copy, and votes where the server keeps them.
  addTools(turn) {
    const bar = make("div", { class: "tools", "aria-live": "off" });
    bar.append(copyButton("Copy as markdown", turn.dataset.markdown));
    if (this.link) bar.append(copyButton("Copy link", this.link(turn.querySelector(".asked").textContent)));
    for (const [vote, label] of "votes" in turn.dataset ? [["up", "Helpful"], ["down", "Not helpful"]] : []) {
      const button = make("button", { type: "button", class: "quiet", "aria-pressed": "false" }, label);
      button.addEventListener("click", () => {
        for (const other of bar.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", String(other === button));
        this.post("/api/feedback", { id: turn.id, vote });
      });
      bar.append(button);
    }
    turn.append(bar);
  }
}
