// The page's script: asks with server-sent events, shows each sentence when it was checked, then the finished answer.
const log = document.getElementById("log");
const form = document.getElementById("ask");
const input = document.getElementById("q");
const history = [];
let running = null;

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const safeLink = (url) => (/^https?:\/\//i.test(url) ? url : "");

const link = (url, text) =>
  safeLink(url) ? make("a", { href: url, rel: "noopener noreferrer" }, text) : make("span", {}, text);

const path = (source) => [source.title, ...source.headings.slice(-2)].join(" › ");

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

function sourceCard(source) {
  const item = make("li", { value: source.marker, tabindex: "-1" });
  item.dataset.marker = source.marker;
  item.append(make("p", { class: "path" }, link(source.link || source.url, path(source))), make("blockquote", {}, source.quote));
  return item;
}

function passages(chunks) {
  const details = make("details", { class: "passages" }, make("summary", {}, "Passages"));
  for (const chunk of chunks) {
    const head = make("h3", {}, link(chunk.url, path(chunk)), " ", make("small", {}, chunk.score.toFixed(3)));
    details.append(make("section", { class: "passage" }, head, make("pre", { tabindex: "0" }, chunk.text)));
  }
  return details;
}

function tools(turn, done) {
  const copy = make("button", { type: "button", class: "quiet" }, "Copy as markdown");
  copy.addEventListener("click", async () => {
    const notes = done.citations.map((c) => `[${c.marker}]: ${c.url} "${path(c)}"`).join("\n");
    await navigator.clipboard.writeText(`## ${done.question}\n\n${done.answer}\n\n${notes}\n`);
    copy.textContent = "Copied";
  });
  const bar = make("div", { class: "tools" }, copy);
  for (const [vote, label] of [["up", "Helpful"], ["down", "Not helpful"]]) {
    const button = make("button", { type: "button", class: "quiet", "aria-pressed": "false" }, label);
    button.addEventListener("click", async () => {
      for (const other of bar.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", "true");
      const body = JSON.stringify({ id: done.id, vote });
      await fetch("/api/feedback", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    });
    bar.append(button);
  }
  turn.append(bar);
}

function finish(turn, answer, sources, done) {
  answer.className = done.answered ? "answer" : "refused";
  if (done.note) turn.insertBefore(make("p", { class: "note" }, done.note), answer);
  if (done.answered) {
    // The server rendered it from markdown without raw HTML and filtered it by an allow list; see render.py.
    answer.innerHTML = done.html;
    for (const chip of answer.querySelectorAll("a.cite")) {
      chip.setAttribute("role", "button");
      chip.addEventListener("click", (event) => {
        event.preventDefault();
        for (const open of sources.querySelectorAll(".open")) open.classList.remove("open");
        const card = sources.querySelector(`[data-marker="${CSS.escape(chip.textContent)}"]`);
        card?.classList.add("open");
        card?.focus();
        card?.scrollIntoView({ block: "center" });
      });
    }
    const shown = new Set([...sources.children].map((card) => card.dataset.marker));
    for (const source of done.citations) if (!shown.has(String(source.marker))) sources.append(sourceCard(source));
    if (done.unsupported.length) {
      turn.append(make("ul", { class: "unsupported" }, ...done.unsupported.map((one) => make("li", {}, one))));
    }
  } else {
    answer.textContent = done.answer;
    const near = [...new Map(done.chunks.map((c) => [c.page, c])).values()].slice(0, 3);
    if (near.length) turn.append(make("p", {}, "Nearest pages:"), make("ul", {}, ...near.map((c) => make("li", {}, link(c.url, path(c))))));
  }
  turn.append(sources, passages(done.chunks));
  tools(turn, done);
  history.push({ question: done.question, answer: done.answered ? done.answer : "" });
}

async function ask(question) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  log.querySelector(".examples")?.remove();
  const answer = make("div", { class: "answer waiting" });
  const sources = make("ol", { class: "sources" });
  const turn = make("article", { class: "turn" }, make("h2", { class: "asked" }, question), answer);
  log.append(turn);
  turn.scrollIntoView({ block: "nearest" });
  const fail = (text) => {
    answer.classList.remove("waiting");
    turn.append(make("p", { class: "note", role: "alert" }, text));
  };
  try {
    const body = JSON.stringify({ question, history: history.slice(-6), stream: true });
    const response = await fetch("/api/ask", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
    if (!response.ok) {
      const { error } = await response.json();
      return fail([error.message, error.hint].filter(Boolean).join("; "));
    }
    for await (const [name, data] of events(response, signal)) {
      if (name === "sentence") {
        const sentence = make("span", data.unsupported.length ? { class: "unsure" } : {}, data.text);
        answer.append(sentence);
      } else if (name === "citation") {
        sources.append(sourceCard(data));
      } else if (name === "done") {
        finish(turn, answer, sources, data);
      } else if (name === "error") {
        fail([data.message, data.hint].filter(Boolean).join("; "));
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") fail("The server can't be reached.");
  }
}

form.addEventListener("submit", (event) => {
  const question = input.value.trim();
  event.preventDefault();
  if (!question) return;
  const first = new URL(location.href);
  first.search = new URLSearchParams({ q: question }).toString();
  if (!history.length) window.history.replaceState(null, "", first);
  input.value = "";
  ask(question);
});

document.addEventListener("keydown", (event) => {
  const typing = /^(?:input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable;
  const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  const combination = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  if (slash || combination) {
    event.preventDefault();
    input.focus();
    input.select();
  } else if (event.key === "Escape") {
    running?.abort();
  }
});

log.addEventListener("click", (event) => {
  const example = event.target.closest(".examples a");
  if (!example || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ask(example.textContent);
});
