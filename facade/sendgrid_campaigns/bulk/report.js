const text = document.querySelector("#text"), state = document.querySelector("#state"), shown = document.querySelector("#shown");
function filter() {
  let count = 0;
  for (const row of document.querySelectorAll("tbody tr")) {
    const fits = (!state.value || row.dataset.state === state.value)
      && row.textContent.toLowerCase().includes(text.value.toLowerCase());
    row.hidden = !fits;
    count += fits;
  }
  shown.textContent = `${count} shown`;
}
if (text) { text.addEventListener("input", filter); state.addEventListener("input", filter); filter(); }
