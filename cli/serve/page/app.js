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

const post = (path, body, signal) =>
  fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

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

function openCard(event) {
  const chip = event.target.closest("a.cite");
  if (!chip) return;
  const turn = chip.closest(".turn");
  const card = turn.querySelector(`.sources [data-marker="${CSS.escape(chip.textContent)}"]`);
  if (!card) return;
  event.preventDefault();
  for (const open of turn.querySelectorAll(".sources .open")) open.classList.remove("open");
  card.classList.add("open");
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

const path = (source) => [source.title, ...source.headings.slice(-2)].join(" › ");

function copyButton(label, text) {
  const button = make("button", { type: "button", class: "quiet" }, label);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  return button;
}

function tools(done, link) {
  const bar = make("div", { class: "tools" });
  bar.append(copyButton("Copy as markdown", () => {
    const notes = done.citations.map((c) => `[${c.marker}]: ${c.url} "${path(c).replaceAll('"', "'")}"`).join("\n");
    return `## ${done.question}\n\n${done.answer}\n\n${notes}\n`;
  }), copyButton("Copy link", () => link));
  if (document.body.dataset.votes !== "yes") return bar;
  for (const [vote, label] of [["up", "Helpful"], ["down", "Not helpful"]]) {
    const button = make("button", { type: "button", class: "quiet", "aria-pressed": "false" }, label);
    button.addEventListener("click", () => {
      for (const other of bar.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", String(other === button));
      post("/api/feedback", { id: done.id, vote });
    });
    bar.append(button);
  }
  return bar;
}

function finish(turn, done, link) {
  // Its sentences were read out already: a screen reader must not read all of them once more.
  log.setAttribute("aria-live", "off");
  // The server rendered it from markdown without raw HTML and filtered it by an allow list; see turn.py and render.py.
  const holder = make("template");
  holder.innerHTML = done.turn;
  const whole = holder.content.firstElementChild;
  whole.append(tools(done, link));
  turn.replaceWith(whole);
  setTimeout(() => log.setAttribute("aria-live", "polite"), 1000);
  history.push({ question: done.question, answer: done.answered ? done.answer : "" });
}

async function ask(question) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  log.querySelector(".welcome")?.remove();
  const answer = make("div", { class: "answer waiting" });
  const turn = make("article", { class: "turn" }, make("h2", { class: "asked" }, question), answer);
  log.append(turn);
  turn.scrollIntoView({ block: "start" });
  const link = new URL(`/?${new URLSearchParams({ q: question })}`, location).href;
  const fail = (text) => {
    answer.classList.remove("waiting");
    turn.append(make("p", { class: "note", role: "alert" }, text));
  };
  try {
    const response = await post("/api/ask", { question, history: history.slice(-6), stream: true, turn: true }, signal);
    if (!response.ok) {
      const { error } = await response.json();
      return fail([error.message, error.hint].filter(Boolean).join("; "));
    }
    let ended = false;
    for await (const [name, data] of events(response, signal)) {
      if (name === "sentence") {
        answer.append(make("span", {}, data.text));
        if (data.unsupported.length) answer.append(" ", make("span", { class: "unsure" }, "unsupported"));
      } else if (name === "done") {
        finish(turn, data, link);
        ended = true;
      } else if (name === "error") {
        fail([data.message, data.hint].filter(Boolean).join("; "));
        ended = true;
      }
    }
    if (!ended && !signal.aborted) fail("The answer broke off.");
  } catch (error) {
    if (error.name !== "AbortError") fail("The server can't be reached.");
  }
  if (signal.aborted) answer.classList.remove("waiting");
}

form.addEventListener("submit", (event) => {
  const question = input.value.trim();
  event.preventDefault();
  if (!question) return;
  if (!history.length) window.history.replaceState(null, "", `/?${new URLSearchParams({ q: question })}`);
  input.value = "";
  if (matchMedia("(pointer: coarse)").matches) input.blur(); // a telephone's keyboard would cover the answer
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
  openCard(event);
  const example = event.target.closest(".examples a");
  if (!example || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.history.replaceState(null, "", example.href);
  ask(example.textContent);
});

if (/Mac|iPhone|iPad/.test(navigator.platform)) document.querySelector(".keys kbd + kbd").textContent = "⌘";

// A page with an answer that the server rendered goes on as a conversation.
const served = log.querySelector(".turn");
if (served) {
  input.value = "";
  history.push({ question: served.querySelector(".asked").textContent, answer: served.querySelector(".answer")?.innerText ?? "" });
}
