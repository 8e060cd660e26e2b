// Ask the docs from any page: <script src="http://HOST/widget.js" data-label="Ask the docs" defer></script>
(() => {
  const script = document.currentScript;
  const server = new URL(script.src).origin;
  const label = script.dataset.label || "Ask the docs";
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "closed" });
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { all: initial; }
    * { box-sizing: border-box; font: 15px/1.5 system-ui, sans-serif; }
    button { position: fixed; right: 16px; bottom: 16px; padding: 10px 16px; border: 0; border-radius: 20px; background: #1a5fb4; color: #fff; cursor: pointer; z-index: 2147483000; }
    dialog { position: fixed; right: 16px; bottom: 68px; left: auto; top: auto; width: min(420px, calc(100vw - 32px)); max-height: 70vh; margin: 0; padding: 12px; overflow: auto; border: 1px solid #8a93a0; border-radius: 10px; background: #fff; color: #1c1f23; z-index: 2147483000; }
    form { display: flex; gap: 8px; } input { flex: 1; min-width: 0; padding: 8px; border: 1px solid #5a6270; border-radius: 6px; background: inherit; color: inherit; }
    form button { position: static; border-radius: 6px; } a { color: #1a5fb4; } .dim { color: #5a6270; font-size: 13px; } pre { overflow-x: auto; }
    @media (prefers-color-scheme: dark) { dialog { background: #16181c; color: #e6e8eb; } a { color: #8ab8ff; } .dim { color: #a5adb8; } }
  `);
  root.adoptedStyleSheets = [style];
  const make = (tag, text = "") => Object.assign(document.createElement(tag), { textContent: text });
  const open = make("button", label);
  const panel = make("dialog");
  const form = make("form");
  const input = Object.assign(make("input"), { type: "search", maxLength: 4000, placeholder: "Ask a question" });
  input.setAttribute("aria-label", "Question");
  const answers = make("div");
  answers.setAttribute("role", "log");
  answers.setAttribute("aria-live", "polite");
  panel.setAttribute("aria-label", label);
  form.append(input, make("button", "Ask"));
  panel.append(form, answers);
  root.append(open, panel);
  const history = [];
  const link = (url, text) => {
    const anchor = make("a", text);
    if (/^https?:\/\//i.test(url)) anchor.href = url;
    return anchor;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const question = input.value.trim();
    if (!question) return;
    input.value = "";
    const text = make("div", "…");
    answers.append(Object.assign(make("p", question), { style: "font-weight:600" }), text);
    try {
      const response = await fetch(`${server}/api/ask`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ question, history: history.slice(-6) }),
      });
      const answer = await response.json();
      if (answer.error) throw new Error(answer.error.message);
      text.textContent = answer.answer;
      const list = make("ol");
      for (const source of answer.citations) {
        const item = make("li");
        item.value = source.marker;
        item.append(link(source.link || source.url, [source.title, ...source.headings.slice(-2)].join(" › ")));
        list.append(item);
      }
      answers.append(list);
      history.push({ question, answer: answer.answered ? answer.answer : "" });
    } catch (error) {
      text.textContent = error.message || "The server can't be reached.";
    }
    text.scrollIntoView({ block: "nearest" });
  });
  open.addEventListener("click", () => {
    if (panel.open) return panel.close();
    panel.show();
    input.focus();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { panel.close(); open.focus(); }
  });
  document.body.append(host);
})();
