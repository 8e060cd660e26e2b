// The page: its form, keys and examples. The conversation itself is in answer.js.
import { Conversation } from "./answer.js";

const log = document.getElementById("log");
const form = document.getElementById("ask");
const input = document.getElementById("q");
const address = (question) => new URL(`/?${new URLSearchParams({ q: question })}`, location).href;
const talk = new Conversation(log, { link: address });

function ask(question) {
  log.querySelector(".welcome")?.remove();
  if (!talk.history.length) window.history.replaceState(null, "", address(question));
  talk.ask(question);
}

form.addEventListener("submit", (event) => {
  const question = input.value.trim();
  event.preventDefault();
  if (!question) return;
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
    talk.stop();
  }
});

log.addEventListener("click", (event) => {
  const example = event.target.closest(".examples a");
  if (!example || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ask(example.textContent);
});

if (/Mac|iPhone|iPad/.test(navigator.platform)) document.querySelector(".keys kbd + kbd").textContent = "⌘";

// A page with an answer that the server rendered goes on as a conversation.
const served = log.querySelector(".turn");
if (served) {
  input.value = "";
  talk.addTools(served);
  talk.history.push({ question: served.querySelector(".asked").textContent, answer: served.querySelector(".answer")?.innerText ?? "" });
}
