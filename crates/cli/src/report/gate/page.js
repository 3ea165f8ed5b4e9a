// Each field filters the rows, or the changes, that follow it.
for (const field of document.querySelectorAll(".filter")) {
  const input = field.querySelector("input");
  const count = field.querySelector("span");
  const table = field.nextElementSibling.querySelector?.("tbody");
  const rows = table ? [...table.rows] : [];
  for (let next = field.nextElementSibling; !table && next?.matches("details.change"); next = next.nextElementSibling) {
    rows.push(next);
  }
  const texts = rows.map((row) => row.textContent.toLowerCase());
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !words.every((word) => texts[at].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = words.length > 0 ? `${shown} of ${rows.length}` : "";
  });
  field.hidden = false;
}
