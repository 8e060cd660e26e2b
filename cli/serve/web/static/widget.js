// Ask the docs from any page: <script src="https://HOST/widget.js" data-label="Ask the docs" defer></script>
(() => {
  const script = document.currentScript;
  const server = new URL(script.src).origin;
  const label = script.dataset.label || "Ask the docs";
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "closed" });
  const theme = /^(?:light|dark)$/.test(script.dataset.theme) ? script.dataset.theme : "inherit"; // the site's own
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { all: initial !important; color-scheme: ${theme} !important; font: 15px/1.5 system-ui, sans-serif !important; }
    .launch { position: fixed; right: 16px; bottom: 16px; border-radius: 22px; z-index: 2147483000; }
    dialog { position: fixed; inset: auto 16px 72px auto; width: min(440px, calc(100vw - 32px)); max-height: min(75vh, calc(100vh - 90px)); margin: 0; padding: 0; border: 1px solid var(--line); border-radius: 12px; background: var(--ground); color: var(--text); box-shadow: 0 8px 30px #0004; z-index: 2147483000; flex-direction: column; overflow: hidden; }
    dialog[open] { display: flex; }
    .log { flex: 1; overflow: auto; overflow-wrap: anywhere; padding: 0 14px; }
    form { display: flex; gap: 8px; padding: 12px 14px; border-top: 1px solid var(--line); }
    .log:empty + form { border-top: 0; }
    h2.asked { font-size: 17px; }
  `);
  const shared = new CSSStyleSheet();
  root.adoptedStyleSheets = [shared, style];
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const open = make("button", { class: "launch", type: "button", "aria-expanded": "false" }, label);
  const panel = make("dialog", { "aria-label": label });
  const input = make("input", { type: "search", maxlength: "4000", placeholder: "Ask a question", "aria-label": "Question", enterkeyhint: "send" });
  const form = make("form", {}, input, make("button", {}, "Ask"));
  const log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "Answers" });
  panel.append(log, form);
  root.append(panel, open);
  // A rem is the site's, so lengths are made pixels.
  const restyle = async () => {
    const css = await (await fetch(`${server}/page/answer.css`)).text();
    shared.replaceSync(css.replace(/([\d.]+)rem/g, (_, number) => `${15 * number}px`));
  };
  restyle().catch(() => {});
  // A source opens a page of the site: the conversation goes on there, as long as the tab is open.
  const KEPT = `askdocs ${server}`;
  const TURNS = 5;
  const keep = () => {
    try {
      const copy = log.cloneNode(true);
      for (const tools of copy.querySelectorAll(".tools")) tools.remove();
      for (const turn of [...copy.children].slice(0, -TURNS)) turn.remove();
      sessionStorage.setItem(KEPT, JSON.stringify({ html: copy.innerHTML, history: talk?.history ?? [], open: panel.open }));
    } catch {} // the site or the browser forbids it
  };
  const start = async () => {
    talk ??= new (await import(`${server}/page/answer.js`)).Conversation(log, { server });
    return talk;
  };
  let talk = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const question = input.value.trim();
    if (!question) return;
    input.value = "";
    try {
      await (await start()).ask(question);
    } catch {
      log.append(make("p", { class: "note", role: "alert" }, "The server can't be reached. Try again in a moment."));
    }
    keep();
  });
  const show = () => {
    panel.show();
    open.setAttribute("aria-expanded", "true");
  };
  const close = () => {
    panel.close();
    open.setAttribute("aria-expanded", "false");
    open.focus();
    keep();
  };
  open.addEventListener("click", () => {
    if (panel.open) return close();
    show();
    input.focus();
    keep();
  });
  const resume = async () => {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (!kept?.html) return;
    log.innerHTML = kept.html;
    (await start()).history.push(...kept.history);
    for (const turn of log.querySelectorAll(".turn[data-markdown]")) talk.addTools(turn);
    if (kept.open) show();
  };
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.body.append(host);
  resume().catch(() => {});
})();
