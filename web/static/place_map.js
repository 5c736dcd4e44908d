// The drawing of districts and streets. `openPlaceMap(box, choose)` shows it in `box`; `choose("区市 镇街")` gets the tap.
"use strict";

function openPlaceMap(box, choose) {
  if (box.dataset.open) return Promise.resolve();
  box.dataset.open = "1";
  box.textContent = "正在打开……";
  return fetch("/place-map", { credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(answer.status))))
    .then((drawing) => {
      box.innerHTML = drawing;
      setUpPlaceMap(box, choose);
    })
    .catch(() => {
      delete box.dataset.open;
      box.textContent = "没有打开，请改用上面的列表，或用文字说明。";
    });
}

function setUpPlaceMap(box, choose) {
  const tools = box.querySelector("[data-map-tools]");
  let district = "";

  function show(level) {
    district = level;
    box.querySelectorAll("svg").forEach((drawing) => { drawing.toggleAttribute("hidden", drawing.dataset.level !== level); });
    box.querySelector("[data-map-step]").textContent = level ? `${level}：请点镇街。` : "先点区市，再点镇街。";
    tools.hidden = !level;
    box.querySelector("svg:not([hidden]) .spot").focus({ preventScroll: true });
  }

  function tapped(spot) {
    if (spot.dataset.district) return show(spot.dataset.district);
    mark(spot);
    choose(`${spot.dataset.of} ${spot.dataset.street}`);
  }

  function mark(spot) {
    box.querySelectorAll(".chosen").forEach((other) => other.classList.remove("chosen"));
    if (spot) spot.classList.add("chosen");
  }

  box.querySelectorAll(".spot").forEach((spot) => {
    spot.addEventListener("click", () => tapped(spot));
    spot.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      tapped(spot);
    });
  });
  box.querySelector("[data-map-back]").addEventListener("click", () => show(""));
  box.querySelector("[data-map-whole]").addEventListener("click", () => { mark(null); choose(district); });
}
