// The pages of cprov serve --ui: search as you type, buttons that copy. Everything is there without it.
"use strict";

const box = document.getElementById("q");
const table = document.getElementById("images");
const hits = document.getElementById("hits");

function searchAsYouType() {
  const rows = [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
  const pages = Number(hits.dataset.pages);
  const searched = new URLSearchParams(location.search).get("q") || "";
  const first = [...hits.childNodes];
  let timer = 0;

  function tell(shown, text) {
    if (text === searched.trim()) {
      hits.replaceChildren(...first);
      return;
    }
    const where = pages > 1 || searched ? ` of the ${rows.length} images on this page match.` : ` of ${rows.length} images match.`;
    hits.textContent = shown + where + (pages > 1 || searched ? " Press Enter to search all of them." : "");
  }

  function filter() {
    const text = box.value.trim();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, content] of rows) {
      row.hidden = !words.every((word) => content.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    clearTimeout(timer); // what is read aloud waits until the hand rests
    timer = setTimeout(tell, 200, shown, text);
  }

  box.addEventListener("input", filter);
  if (box.value.trim() !== searched.trim()) filter(); // the browser brought back what was typed
}

function copy(code, button) {
  const done = () => {
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };
  if (navigator.clipboard) {
    navigator.clipboard.writeText(code.textContent).then(done, () => select(code));
    return;
  }
  select(code); // over plain HTTP there is no clipboard, but there is this
  if (document.execCommand("copy")) done();
}

function select(code) {
  getSelection().selectAllChildren(code);
}

if (box && table) searchAsYouType();
for (const command of document.querySelectorAll(".command")) {
  const code = command.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${command.querySelector("span").textContent}`);
  button.addEventListener("click", () => copy(code, button));
  command.append(button);
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && box && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    box.focus();
  }
});
