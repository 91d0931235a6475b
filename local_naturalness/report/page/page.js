"use strict";
// Tables are sorted by the heading that is pressed, numbers as numbers; another press turns the order round.
const number = (text) => parseFloat(text.replace(/,/g, ""));
for (const table of document.querySelectorAll(".sortable table")) {
  table.querySelectorAll("thead th").forEach((heading, place) => {
    const button = document.createElement("button");
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows].sort((one, other) => {
        const [a, b] = [one, other].map((row) => row.cells[place].textContent);
        const order = isNaN(number(a)) || isNaN(number(b)) ? a.localeCompare(b) : number(a) - number(b);
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
// Prompts are filtered by their kind and by the text of the prompt and its responses.
const tools = document.querySelector(".tools");
const filter = () => {
  const kind = document.getElementById("kind").value;
  const words = document.getElementById("words").value.toLowerCase();
  let found = 0;
  for (const one of document.querySelectorAll(".decision")) {
    one.hidden = (kind && one.dataset.kind !== kind) || !one.textContent.toLowerCase().includes(words);
    found += !one.hidden;
  }
  document.getElementById("found").textContent = found + " shown";
};
tools.hidden = false;
tools.addEventListener("input", filter);
